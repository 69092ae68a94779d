"""The pytest plugin: `@pytest.mark.assay("train.csv", suite="train.toml")` makes a test of each check.

pytest loads this file wherever assay is installed; nothing more of assay is imported until a test asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from audit.errors import AssayError, InputError

if TYPE_CHECKING:
    from audit.integrations.fit import Judged
    from audit.render.demands import Demand

MARK, FIXTURE = "assay", "assay_check"
ABOUT = (
    f"{MARK}(data, suite=None, *, reference=None, checks=None, fail_on='critical', baseline=None, cache=None, seed=0, "
    f"**roles): one test a check of assay's; the test takes the fixture {FIXTURE}. Paths are from pytest's rootdir."
)
PATHS = ("data", "suite", "reference", "baseline", "report")


class NotMet(UserWarning):
    """A demand of severity `warning` that is not met; the gate passes."""


@dataclass(frozen=True)
class Wanted:
    """What a marker asks for; `assert_fit`'s arguments."""

    data: str
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What tells one audit from another: paths, names and numbers, which a repr tells apart."""
        return repr((self.data, sorted(self.options.items())))


@dataclass(frozen=True, eq=False)
class Checked:
    """One check of a judged dataset: what `assay_check` gives to the test."""

    check: str
    others: tuple[str, ...]
    """The checks that have a test of their own."""
    judged: Judged

    @property
    def demands(self) -> tuple[Demand, ...]:
        """What is demanded of this check, and what no other test answers for: that something is demanded, that
        something ran, a check that was left out."""
        return tuple(d for d in self.judged.demands if d.check not in self.others)

    def having(self, result: str) -> list[Demand]:
        """The demands of which this became: pass, told, warn, fail, error or skipped."""
        return [d for d in self.demands if d.result == result]


JUDGED = pytest.StashKey[dict[str, "Judged | AssayError"]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and room for what is judged in this session."""
    config.addinivalue_line("markers", ABOUT)
    config.stash[JUDGED] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test a check. Nothing is audited while tests are collected."""
    mark = metafunc.definition.get_closest_marker(MARK)
    if mark is None or FIXTURE not in metafunc.fixturenames:
        return
    if len(list(metafunc.definition.iter_markers(MARK))) > 1:  # on the test, its class or its module
        pytest.fail(f"{metafunc.definition.nodeid}: two markers {MARK}, and only one would count", pytrace=False)
    try:
        wanted = _wanted(mark, metafunc.config.rootpath)
        names = _names(wanted)
    except AssayError as wrong:
        pytest.fail(f"{MARK}: {wrong}", pytrace=False)
    others = {name: tuple(n for n in names if n != name) for name in names}
    metafunc.parametrize(FIXTURE, [pytest.param((wanted, n, others[n]), id=n) for n in names], indirect=True)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A marker that would do nothing is an error: what looks like a gate must be one."""
    for item in items:
        if item.get_closest_marker(MARK) and FIXTURE not in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid}: the marker {MARK} does nothing unless the test takes {FIXTURE}")


@pytest.fixture
def assay_check(request: pytest.FixtureRequest) -> Checked:
    """One check of the marked data: an error if it could not be judged, skipped if nothing is demanded of it.

    Where a demand is not met the test fails before its body runs.
    """
    if not hasattr(request, "param"):
        pytest.fail(f'{FIXTURE} goes with @pytest.mark.{MARK}("train.csv", suite="train.toml")', pytrace=False)
    wanted, name, others = request.param
    judged = _judged(request.config, wanted)
    if isinstance(judged, AssayError):
        pytest.fail(f"could not be judged: {' '.join(str(judged).split())}", pytrace=False)
    checked = Checked(name, others, judged)
    verdict = judged.verdict
    request.node.user_properties.extend([("dataset", verdict.fingerprint), ("suite", verdict.suite_fingerprint)])
    if errors := checked.having("error"):
        pytest.fail(_words(checked, errors), pytrace=False)
    if all(d.result == "skipped" for d in checked.demands):
        pytest.skip(_why_not(checked))
    return checked


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Fail before the body of the test runs, whatever it holds; a warning is a warning of pytest's."""
    checked = pyfuncitem.funcargs.get(FIXTURE)
    if not isinstance(checked, Checked):
        return
    if failed := checked.having("fail"):
        pytest.fail(_words(checked, failed), pytrace=False)
    if warned := checked.having("warn"):
        pyfuncitem.warn(NotMet(_words(checked, warned)))


def _wanted(mark: pytest.Mark, root: Path) -> Wanted:
    """The marker's arguments, with paths from pytest's rootdir; a suite may also be the name of a shipped one."""
    placed = dict(zip(("data", "suite"), mark.args, strict=False))
    if len(mark.args) > len(placed) or placed.keys() & mark.kwargs.keys():
        raise InputError("takes the data and the suite, each once, and the rest by name")
    said = {"data": None, **placed, **{k: v for k, v in mark.kwargs.items() if v is not None}}
    for name in said.keys() & {"data", "reference", "report", "given"}:
        if name == "given" or not isinstance(said[name], (str, Path)):
            raise InputError(f"{name} is no path: for what is in memory use audit.assert_fit in a test of your own")
    options = {k: _placed(v, root) if k in PATHS else v for k, v in said.items()}
    if "cache" in options:  # need not be there yet
        options["cache"] = root / options["cache"]
    return Wanted(options.pop("data"), options)


def _placed(value: Any, root: Path) -> Any:
    """A relative path seen from the rootdir, if something is there; else the value as it is, which may be a name."""
    if not isinstance(value, (str, Path)):
        return value
    return str(root / value) if (root / value).exists() else str(value)


def _names(wanted: Wanted) -> list[str]:
    """The checks that will run, and those that the suite demands something of."""
    from audit.checks import CHECKS
    from audit.suite import Suite, read_suite

    asked = [c if isinstance(c, str) else c.__name__ for c in wanted.options.get("checks", CHECKS)]
    suite = wanted.options.get("suite")
    if isinstance(suite, str):
        suite = read_suite(suite)
    if isinstance(suite, Suite):
        asked += [x.measure.split(".", 1)[0] for x in suite.limits] + ["schema"] * bool(suite.expectations)
    if not asked:  # pytest skips a test without parameters
        raise InputError("no check is asked for and none is demanded")
    return list(dict.fromkeys(asked))


def _judged(config: pytest.Config, wanted: Wanted) -> Judged | AssayError:
    """The verdict, made once a session; with pytest's own cache, unless the marker names another."""
    from audit.integrations.fit import judged

    made = config.stash[JUDGED]
    if wanted.key not in made:
        cache = getattr(config, "cache", None)  # gone with -p no:cacheprovider
        kept = {} if cache is None or "report" in wanted.options else {"cache": cache.mkdir("assay")}
        try:
            made[wanted.key] = judged(wanted.data, **{**kept, **wanted.options})
        except AssayError as wrong:
            made[wanted.key] = wrong
    return made[wanted.key]


def _words(checked: Checked, demands: Sequence[Demand]) -> str:
    from audit.integrations.fit import told
    from audit.render.words import called

    return f"{called(checked.judged.verdict.dataset)}: {dedent(told(checked.judged, demands))}"


def _why_not(checked: Checked) -> str:
    skipped = [d.why for d in checked.demands]
    return skipped[0] if skipped else f"suite {checked.judged.suite.name} demands nothing of it"

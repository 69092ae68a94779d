"""One way to fool or break the gate, and how assay, Great Expectations and cleanlab are asked about it."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.cli import run
from audit.errors import AssayError

NOT_ASKED = "–"
"""It has nothing to be asked with: no such check, no such file."""


@dataclass(frozen=True)
class Said:
    """What assay answered: its exit code, and all that it printed."""

    code: int
    text: str


@dataclass(frozen=True)
class Answers:
    """What each of the three made of one situation."""

    assay: Said
    gx: str = NOT_ASKED
    cleanlab: str = NOT_ASKED


@dataclass(frozen=True)
class Way:
    """One way to fool or break the gate, and what must come of it."""

    what: str
    code: int
    says: str
    """Must be among what assay prints."""
    attempt: Callable[[Path], Answers]


def listed(ways: list[Way], what: str, code: int, says: str) -> Callable[[Callable[[Path], Answers]], Any]:
    """A decorator that puts a way on a list."""

    def put(attempt: Callable[[Path], Answers]) -> Callable[[Path], Answers]:
        ways.append(Way(what, code, says, attempt))
        return attempt

    return put


# -- assay -------------------------------------------------------------------------------------------------------------


def assay(*args: object) -> Said:
    """Run the command line."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = run([str(a) for a in args])
    return Said(code, " ".join(out.getvalue().split()))


def called(work: Callable[[], Any]) -> Said:
    """Call the library: 0, or the exit code of what it raises."""
    try:
        made = work()
    except AssayError as refused:
        return Said(refused.exit_code, str(refused))
    return Said(0, str(made))


def gated(place: Path, data: pd.DataFrame | bytes | str, suite: str, *options: object) -> Said:
    """Write data and suite, and gate the one by the other."""
    return assay("gate", written(place, data), "--suite", suite_file(place, suite), *options)


def written(place: Path, data: pd.DataFrame | bytes | str, name: str = "data.csv") -> Path:
    """A file with this content."""
    path = place / name
    if isinstance(data, pd.DataFrame):
        data.to_csv(path, index=False)
    else:
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def suite_file(place: Path, text: str) -> Path:
    """A suite in a file of its own."""
    path = place / "suite.toml"
    path.write_text(text)
    return path


# -- the data ----------------------------------------------------------------------------------------------------------

CLASSES = ("ash", "birch", "cedar")
COLUMNS = ("height", "girth", "age", "crown")
SCALES = ((20.0, 1.0), (200.0, 10.0), (50.0, 2.0), (5.0, 0.5))
FIT = '[limits]\n"labels.rate" = 0.05\n"missing.count" = 0\n"conflicts.count" = 0\n"duplicates.exact.count" = 0\n'
"""Limits that the trees keep."""
N = 240


def trees(n: int = N, seed: int = 3) -> pd.DataFrame:
    """Three kinds of trees that four measurements tell apart, without a fault."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 3
    corners = np.array([[0, 0, 0, 0], [5, 0, 5, 0], [0, 5, 0, 5]], dtype=float)
    values = corners[kind] + rng.normal(0, 0.6, (n, 4))
    columns = {c: np.round(low + step * values[:, i], 4) for i, (c, (low, step)) in enumerate(zip(COLUMNS, SCALES, strict=True))}  # fmt: skip
    return pd.DataFrame({**columns, "label": np.array(CLASSES)[kind]})


def flipped(table: pd.DataFrame, share: float = 0.1, seed: int = 0) -> pd.DataFrame:
    """The same with a share of the labels wrong."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(table), round(share * len(table)), replace=False)
    codes = pd.Categorical(table["label"], categories=CLASSES).codes.astype(int)
    codes[rows] = (codes[rows] + 1) % 3
    return table.assign(label=np.array(CLASSES)[codes])


def notes(per_class: int = 40) -> pd.DataFrame:
    """Sentences of two subjects, all different."""
    rng = np.random.default_rng(5)
    words = {"weather": "rain sun cloud storm wind snow hail frost", "kitchen": "bread soup onion garlic butter flour salt cream"}  # fmt: skip
    rows = [
        (f"{' '.join(rng.choice(nouns.split(), 4, replace=False))} of the {subject}, note {i}", subject)
        for subject, nouns in words.items()
        for i in range(per_class)
    ]
    return pd.DataFrame(rows, columns=["text", "label"])


def rule(kind: str, **kwargs: Any) -> str:
    """An expectation of a suite file."""
    lines = [f"{name} = {_toml(value)}" for name, value in kwargs.items()]
    return "\n".join(["[[expectations]]", f'type = "{kind}"', *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{list(value)!r}" if isinstance(value, (list, tuple)) else f"{value!r}"


# -- Great Expectations ------------------------------------------------------------------------------------------------


def gx(table: pd.DataFrame, *expectations: tuple[str, Mapping[str, Any]]) -> str:
    """What a plain Great Expectations run of a suite answers."""
    return _in_a_word(lambda: _validated(table, [{"type": t, "kwargs": dict(k)} for t, k in expectations]))


def gx_stored(place: Path, table: pd.DataFrame, *types: str) -> str:
    """The same for a suite that lies in a project's folder and names these types."""
    import great_expectations as gx_

    def work() -> Any:
        context = gx_.get_context(mode="file", project_root_dir=str(place / "project"))
        path = place / "project" / "gx" / "expectations" / "s.json"
        lines = ", ".join(f'{{"type": "{t}", "kwargs": {{}}, "meta": {{}}}}' for t in types)
        path.write_text(f'{{"name": "s", "expectations": [{lines}], "meta": {{}}}}')
        return _batch(context, table).validate(context.suites.get("s"))

    return _in_a_word(work)


def _validated(table: pd.DataFrame, expectations: list[dict[str, Any]]) -> Any:
    import great_expectations as gx_

    context = gx_.get_context(mode="ephemeral")
    return _batch(context, table).validate(gx_.ExpectationSuite("s", expectations=expectations))


def _batch(context: Any, table: pd.DataFrame) -> Any:
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    return asset.add_batch_definition_whole_dataframe("w").get_batch({"dataframe": table})


def _in_a_word(work: Callable[[], Any]) -> str:
    """success or not, and how many expectations that is the word of."""
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():  # its own deprecations are no part of its answer
            warnings.simplefilter("ignore")
            result = work()
    except Exception as refused:
        return f"raises {type(refused).__name__}"
    crashed = any("exception_message" in str(r.exception_info) and "'raised_exception': True" in str(r.exception_info) for r in result.results)  # fmt: skip
    return ("**passes**" if result.success else "fails") + _how(len(result.results), crashed)


def _how(evaluated: int, crashed: bool) -> str:
    if not evaluated:
        return ", having looked at nothing"
    return ", does not say that the check crashed" if crashed else ""


def fingerprint(table: pd.DataFrame) -> str:
    """The hash by which Great Expectations remembers what it validated."""
    result = _validated(table, [])
    return str(result.meta["batch_markers"]["pandas_data_fingerprint"])


# -- cleanlab ----------------------------------------------------------------------------------------------------------


def probabilities(labels: np.ndarray, sure: float = 3.0, seed: int = 0) -> np.ndarray:
    """(n, 3) out-of-sample class probabilities of a fair model."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (len(labels), 3))
    logits[np.arange(len(labels)), labels] += sure
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


def datalab(
    table: pd.DataFrame,
    about: str = "label",
    *,
    wrong: np.ndarray | None = None,
    label: str | None = "label",
    **given: Any,
) -> str:
    """What Datalab's own audit says of one of its checks, and without which checks it went on."""
    from cleanlab import Datalab

    said = io.StringIO()
    try:
        with warnings.catch_warnings(), redirect_stdout(said):
            warnings.simplefilter("ignore")
            lab = Datalab(data=table, label_name=label)
            lab.find_issues(**given)
    except Exception as refused:
        return f"raises {type(refused).__name__}"
    crashed = re.findall(r"^Error in (\w+):", said.getvalue(), re.MULTILINE)
    flags = lab.issues.get(f"is_{about}_issue")
    found = [] if flags is None else [_flagged(flags.to_numpy(), about, wrong)]
    silent = [f"**no word on {about}**"] if flags is None and about not in crashed else []
    lost = [f"**goes on without** {', '.join(crashed)}"] if crashed else []
    return "; ".join([*found, *silent, *lost])


def _flagged(flags: np.ndarray, about: str, wrong: np.ndarray | None) -> str:
    if wrong is not None:
        return f"flags {flags.sum()} rows, {(flags & wrong).sum()} of the {wrong.sum()} wrong labels"
    return f"flags {flags.sum()} of {len(flags)} {'labels' if about == 'label' else f'rows as {about}'}"


def measured(table: pd.DataFrame) -> np.ndarray:
    """The four measurements, as features for Datalab."""
    return table[list(COLUMNS)].to_numpy(float)

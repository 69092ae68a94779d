"""`audit`: run the checks over a dataset. A check that breaks is reported as broken; the others go on."""

from __future__ import annotations

import json
import math
import platform
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from audit.alike import check_column
from audit.checks import CHECKS, Check
from audit.dataset import Dataset
from audit.earlier import earlier_issues, keep_issues
from audit.errors import AssayError, InputError, NotApplicable, UnknownName
from audit.evidence.cache import Cache, digest_of, installed
from audit.evidence.embeddings import check_embeddings
from audit.evidence.gather import Evidence, Progress, silent
from audit.evidence.given import Given
from audit.evidence.pictures import unreadable
from audit.evidence.project import project
from audit.evidence.views import checked
from audit.files import plain
from audit.fingerprint import encode_column, row_hashes
from audit.report import Card, Issues, Report
from audit.sources.sql import lies_in
from audit.suite import Suite, as_written, default_suite

ENGINES = ("assay", "cleanlab", "great-expectations", "scikit-learn", "skrub", "faiss-cpu", "pandas", "numpy")
UNREADABLE = "{:,} pictures cannot be opened; their rows are in no check but missing and schema"


def audit(
    data: Dataset,
    *,
    reference: Dataset | None = None,
    suite: Suite | None = None,
    given: Given = Given(),  # noqa: B008  a frozen value
    checks: Sequence[str | Check] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    cache: Path | Cache | None = None,
    progress: Progress = silent,
    command: str = "",
    created: str = "",
    with_map: bool = False,
) -> Report:
    """Run `checks` (all of them by default, names or functions) over `data`.

    Args:
        data: what is audited.
        reference: what leakage is looked for in, usually the test set.
        suite: expectations for the schema check and options for the others; by default the one shipped for this kind
            of data.
        given: evidence that you bring: embeddings, probabilities, a scikit-learn classifier.
        checks: names of assay's own checks, or functions of your own from Evidence to Issues.
        options: arguments of checks by the check's name, in place of the suite's.
        seed: one seed, one result.
        cache: a folder in which evidence and unchanged checks are kept for the next audit, or a Cache of yours.
        progress: told of (what, done, total).
        command: kept in the report.
        created: a date, kept in the report; none by default, so that the same audit gives the same bytes.
        with_map: place rows in the plane too, for the page's map.

    Raises:
        InputError: if the evidence brought along does not fit the data.
        UnknownName: if a check or an option of one is unknown.
    """
    start = time.perf_counter()
    # what a Dataset has kept of itself, its fingerprint first, is of before anybody edited its table in place
    data, reference = replace(data), None if reference is None else replace(reference)
    suite = suite or default_suite(data, reference)
    chosen = _chosen(checks)
    options = _options(suite, chosen, options or {})
    _fits(given, data)
    store = cache if isinstance(cache, Cache) else Cache(cache)
    evidence = _evidence(data, reference, suite, given, seed, store, progress)
    kept = None if store.folder is None else store.folder / "checks"
    found: dict[str, Issues] = {}
    for done, (name, check) in enumerate(chosen.items()):
        progress("checks", done, len(chosen))
        key = _key(evidence, check, options.get(name, {}), suite)
        earlier = None if kept is None else earlier_issues(kept, name, key)
        found[name] = earlier or _run(check, evidence, options.get(name, {}), key)
    progress("checks", len(chosen), len(chosen))
    placed = project(evidence, found) if with_map else None
    report = Report(
        dataset=Card.of(data),
        reference=None if reference is None else Card.of(reference),
        suite=suite.name,
        suite_fingerprint=suite.fingerprint,
        seed=seed,
        versions={**{e: installed(e) for e in ENGINES}, "python": platform.python_version()},
        checks=found,
        seconds=time.perf_counter() - start,
        command=command,
        created=created,
        notes=_notes(evidence, found),
        demands=suite.to_dict(),
        options=as_written(options),
        projection=placed,
        _rows=data.rows,
    )
    if kept is not None:
        keep_issues(kept, report)
    return report


def _chosen(checks: Sequence[str | Check] | None) -> dict[str, Check]:
    if checks is None:
        return dict(CHECKS)
    out: dict[str, Check] = {}
    for check in checks:
        if isinstance(check, str):
            if check not in CHECKS:
                raise UnknownName.of("check", check, CHECKS)
            out[check] = CHECKS[check]
        else:
            name = getattr(check, "__name__", repr(check))
            if out.setdefault(name, check) is not check:
                raise InputError(f"two checks are called {name!r}: give one of them another name")
    if not out:
        raise InputError("no checks were asked for, and an audit without any says nothing")
    return out


def _options(
    suite: Suite, chosen: Mapping[str, Check], said: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """The suite's options with those that were `said` in their place, all of them known."""
    for where, tables in ((f"suite {suite.name}", suite.options), ("options", said)):
        for name, table in tables.items():
            _known(name, table, chosen, where)
    return {name: {**suite.options.get(name, {}), **said.get(name, {})} for name in {**suite.options, **said}}


def _known(name: str, table: Mapping[str, Any], chosen: Mapping[str, Check], where: str) -> None:
    import inspect

    if name not in CHECKS and name not in chosen:
        raise UnknownName.of("check", name, dict.fromkeys([*CHECKS, *chosen]), where=where)
    check = chosen.get(name) or CHECKS[name]
    known = [p for p, v in inspect.signature(check).parameters.items() if v.kind is v.KEYWORD_ONLY]
    for option in table:
        if option not in known:
            raise UnknownName.of("option", option, known, where=f"{where}: checks.{name}")


def _fits(given: Given, data: Dataset) -> None:
    """Evidence that does not fit is the user's error, said before anything is computed."""
    if given.embeddings is not None:
        check_embeddings(given.embeddings, len(data), "embeddings")
    if given.model is not None and not hasattr(given.model, "predict_proba"):
        raise InputError(f"{type(given.model).__name__}: has no predict_proba; wrap it in CalibratedClassifierCV")
    if given.brought:
        checked(given.brought, data)


def _evidence(
    data: Dataset,
    reference: Dataset | None,
    suite: Suite,
    given: Given,
    seed: int,
    cache: Cache,
    progress: Progress,
) -> Evidence:
    """Evidence over the rows that can be looked at: those whose picture opens."""
    there = None if reference is None else _aligned(data, reference)
    here, broken = _opened(data, cache)
    given = given.take(data.rows.get_indexer(here.rows)) if broken else given
    if there is not None:
        whole = there
        there, shut = _opened(whole, cache)
        given = given.take_reference(whole.rows.get_indexer(there.rows)) if shut else given
    return Evidence(here, there, suite, given, seed, cache, progress, broken, data)


def _opened(data: Dataset, cache: Cache) -> tuple[Dataset, Mapping[Any, str]]:
    """The rows whose picture opens, and why the others' do not."""
    if data.roles.image is None or data.images is not None:
        return data, {}

    def compute(positions: np.ndarray) -> np.ndarray:
        rows = data.rows[positions]
        why = unreadable(data.take(rows))
        return np.array([why.get(row, "") for row in rows])

    # a file that is not there has no content, and its name is what is said of it
    hashes = row_hashes([data.content.tolist(), encode_column(data.table[data.roles.image])], len(data))
    said = cache.rows("opened", {"by": installed("pillow")}, hashes.tolist(), compute)
    broken = {row: str(why) for row, why in zip(data.rows, said, strict=True) if why}
    if len(broken) == len(data):
        raise InputError(
            f"{data.name}: none of the {len(data):,} pictures can be opened: {next(iter(broken.values()))}"
        )
    return (data.drop(broken) if broken else data), broken


def _aligned(data: Dataset, reference: Dataset) -> Dataset:
    """The reference with the data's features in the data's order, so that equal rows have equal content."""
    if reference.kind != data.kind:
        raise InputError(f"{reference.name} holds {reference.kind} data, {data.name} {data.kind} data: not comparable")
    where = f"{reference.name} (reference)"
    for name in data.roles.features:
        if name not in reference.table.columns:
            raise UnknownName.of("column", name, reference.table.columns, where=where)
        check_column(name, (data.name, data.table[name]), (where, reference.table[name]))
    roles = replace(reference.roles, features=data.roles.features, grid=data.roles.grid)
    return reference if roles == reference.roles else replace(reference, roles=roles)


def _key(evidence: Evidence, check: Check, options: Mapping[str, Any], suite: Suite) -> str:
    """What a check's result depends on. A function that is not assay's own has no version, and is never kept."""
    if CHECKS.get(getattr(check, "__name__", "")) is not check:
        return ""
    rules: list[Any] = []
    reference, everything = evidence.reference, evidence.everything
    if check.__name__ == "schema":
        rules = [suite.name, [[e.key, e.severity] for e in suite.expectations]]
        # of a database's table: its columns' declared types, and whether it is looked at where it lies
        rules += [evidence.data.origin.options.get("declared"), lies_in(everything or evidence.data)]
    return digest_of(
        {
            **evidence.key,
            "everything": everything and everything.fingerprint,  # rows whose picture cannot be opened included
            "unreadable": evidence.unreadable,
            "reference_data": reference and [reference.name, reference.fingerprint],
            "options": options,
            "rules": rules,
            "by": [installed(e) for e in ENGINES],
        }
    )


def _run(check: Check, evidence: Evidence, options: Mapping[str, Any], key: str) -> Issues:
    name = getattr(check, "__name__", repr(check))
    start = time.perf_counter()

    def took() -> float:
        return time.perf_counter() - start

    try:
        issues = check(evidence, **options)
        _measured(issues)
        return replace(issues, check=name, seconds=took(), key=key)
    except NotApplicable as why:
        return Issues(name, "not_applicable", str(why), took(), key=key)
    except AssayError as wrong:
        return Issues(name, "error", str(wrong), took())
    except Exception as crash:  # whatever breaks inside a check must reach the report, and never as a clean bill
        place = traceback.extract_tb(crash.__traceback__)[-1]
        where = f"{Path(place.filename).name} line {place.lineno}"
        return Issues(name, "error", f"{type(crash).__name__}: {_first_line(crash)} ({where})", took())


def _measured(issues: Issues) -> None:
    """A measure that is no number cannot be compared with a limit, nor can it or such a detail be written down."""
    json.dumps(plain(issues.detail), allow_nan=False)
    for measure, value in issues.upper.items():
        if not math.isfinite(value):
            raise InputError(f"measure {measure!r} is {value}, which is no number to hold against a limit")


def _first_line(crash: Exception) -> str:
    lines = str(crash).strip().splitlines()
    return lines[0] if lines else "no message"


def _notes(evidence: Evidence, found: Mapping[str, Issues]) -> tuple[str, ...]:
    """What was inferred, brought along and left out, and what the checks have to say; labels say it where they stand."""
    brought = [
        (evidence.given.embeddings is not None, "embeddings were brought along"),
        (
            bool(evidence.given.brought),
            "class probabilities were brought along; that they are out of sample is your word, only what is plainly "
            "in sample is refused",
        ),
        (evidence.given.model is not None, f"probabilities by {' '.join(repr(evidence.given.model).split())}"),
        (
            bool(evidence.unreadable),
            UNREADABLE.format(len(evidence.unreadable)),
        ),
    ]
    checks = [note for i in found.values() if i.check != "labels" for note in i.detail.get("notes", ())]
    told = (*evidence.data.inferred, *(said for true, said in brought if true), *evidence.cache.notes, *checks)
    return tuple(dict.fromkeys(told))

"""`audit_blocks`: the checks over data that is never whole in memory, as a Report and what its files are written from."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from audit.checks import CHECKS, Check
from audit.checks.labels import OURS, SEEDS
from audit.confident import DEFAULT, RULES
from audit.dataset import Dataset
from audit.errors import InputError, NotApplicable, UnknownName
from audit.evidence.gather import Evidence, Progress, silent
from audit.large.bounds import Clock, size, streamed_bytes, within
from audit.large.budget import drawn_rows
from audit.large.columns import imbalance, missing
from audit.large.copies import Sets, conflicts, duplicates, sets_of, without_near
from audit.large.engine import Map
from audit.large.fingerprint import fingerprint
from audit.large.found import SHOWN, SKIPPED, Streamed
from audit.large.labels import METHOD, check_fit, labels
from audit.large.probabilities import Brought
from audit.large.rows import Looked, look_at_all, wanted_columns
from audit.large.sample import drawn
from audit.large.sampled import Sample, look_around, non_iid, outliers, with_near
from audit.large.sampled_labels import ESTIMATED, sampled_labels
from audit.large.schema import schema
from audit.large.table import LargeData
from audit.report import Card, Issues, Report
from audit.run import audit
from audit.suite import Suite

SKIPPED_WHY = {
    "leakage": "skipped: rows are held against a reference or another split in memory only",
    "valuation": "skipped: what a row is worth is seen by all rows that have it for a neighbour, and of those a sample holds "
    "too few",
}
LABEL_BYTES, ROW_BYTES = 40, 64
"""A row's share of what the label check and what the others hold at their peaks, beside what is named below."""


@dataclass(frozen=True, eq=False)
class Large:
    """An audit by blocks: the report as the pages show it, and what the whole tables are written from."""

    report: Report
    found: Mapping[str, Streamed]
    data: LargeData


@dataclass(frozen=True, eq=False)
class Blocks:
    """What several checks look at, each computed once, and what they found."""

    data: LargeData
    run: Map
    room: int
    """Bytes beyond what the checks of all rows need."""
    clock: Clock
    seed: int
    progress: Progress
    found: dict[str, Streamed] = field(default_factory=dict)

    @cached_property
    def drawn(self) -> tuple[np.ndarray, Dataset]:
        """The rows of the sample; NotApplicable where too few fit the bounds."""
        count = drawn_rows(self.data, self.room, self.clock)
        if not self.looked.content.shape[1]:
            raise NotApplicable("skipped: rows have no content to make vectors of")
        rows = drawn(self.looked.content, self.exact, count, self.seed)
        return rows, self.data.at(rows)

    @cached_property
    def sample(self) -> Sample:
        """The sample with the nearest of all rows to each of it; NotApplicable where there is none."""
        rows, own = self.drawn
        try:
            return look_around(self.data, rows, own, self.run, self.seed, self.progress)
        except InputError as why:  # such as columns without a value: no vectors, and so nothing to look at
            raise NotApplicable(f"skipped: {why}") from None

    @cached_property
    def looked(self) -> Looked:
        """The hashes and empty cells of all rows."""
        return look_at_all(self.data, self.run)

    @cached_property
    def exact(self) -> Sets:
        """Rows of equal content."""
        return sets_of(self.looked.content)

    @cached_property
    def normalised(self) -> Sets | None:
        """Rows of equal content once texts are normalised; None where there is no text."""
        return None if self.looked.normalised is None else sets_of(self.looked.normalised)

    def keep(self, streamed: Streamed) -> Issues:
        """Remember what the files are written from."""
        self.found[streamed.issues.check] = streamed
        return streamed.issues


def needed(data: LargeData, brought: Brought | None, suite: Suite) -> int:
    """About how many bytes an audit by blocks holds at its peak."""
    _, filled = wanted_columns(data.head.roles)
    a_row = ROW_BYTES + len(filled) // 8 + len(suite.expectations) // 8 + (48 if data.head.roles.text else 0)
    a_row += 0 if data.head.roles.id is None else 64
    if brought is not None:
        a_row += LABEL_BYTES + 6 * brought.source.dtype.itemsize
    at_once = 0
    if brought is not None:
        source = brought.source
        at_once = 4 * source.dtype.itemsize * min(source.block_rows, source.rows) * source.classes + 2 * brought.group
    return streamed_bytes(data.table.rows, a_row, data.table.group) + at_once


def audit_blocks(
    data: LargeData,
    *,
    suite: Suite,
    run: Map,
    memory: int,
    brought: Brought | None = None,
    clock: Clock = Clock(),  # noqa: B008  a frozen value, which bounds nothing
    options: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    progress: Progress = silent,
    command: str = "",
    created: str = "",
) -> Large:
    """Run every check that can be streamed over all rows; the others are not applicable, and say why.

    Args:
        data: a table that is read in blocks.
        suite: expectations and limits, and options of the checks.
        run: where blocks are worked on: an engine.
        memory: bytes of resident memory that the audit may take.
        brought: out-of-sample probabilities; without them labels are not looked at.
        clock: checks are begun only while it has time left.
        options: arguments of checks in place of the suite's.
        seed: by which rows are drawn for the checks of a sample.
        progress: told of (what, done, total).
        command: kept in the report.
        created: a date, kept in the report.

    Raises:
        InputError: if not even this fits the memory, or the probabilities are not of this data's rows and classes.
    """
    start = time.perf_counter()
    if brought is not None:
        check_fit(data, brought)
    need = needed(data, brought, suite)
    if need > memory:
        raise InputError(
            f"{data.table.path}: block by block the audit needs about {size(need)}, more than --memory {size(memory)}"
        )
    blocks = Blocks(data, run, memory - need, clock, seed, progress)
    checks = within(clock, _checks(blocks, suite, brought))
    report = audit(
        data.head,
        suite=suite,
        checks=checks,
        options=options,
        seed=seed,
        progress=progress,
        command=command,
        created=created,
    )
    card, odd = _card(data)
    told = [
        f"audited block by block to keep within {size(memory)} of memory: exact where no sample is spoken of; the pages "
        f"show the worst {SHOWN:,} rows of a check, issues.parquet has all"
    ]
    told += [n for n in report["labels"].detail.get("notes", ()) if n.startswith(ESTIMATED)]
    if odd:
        told.append(
            f"hashed otherwise than in memory, so assay clean will not take this report: column {', '.join(odd)}"
        )
    found = {
        name: replace(blocks.found[name], issues=i) if i.status == "ran" else Streamed(_skip(i))
        for name, i in report.checks.items()
    }
    whole = replace(
        report,
        dataset=card,
        checks={name: s.issues for name, s in found.items()},
        seconds=time.perf_counter() - start,
        notes=(*report.notes, *told),
        _rows=data.rows,
    )
    return Large(whole, found, data)


def _skip(issues: Issues) -> Issues:
    return replace(issues, detail={"path": SKIPPED, **issues.detail}) if issues.status == "not_applicable" else issues


def _card(data: LargeData) -> tuple[Card, tuple[str, ...]]:
    digest, odd = fingerprint(data)
    head, codes = data.head, data.codes
    counts = () if codes is None else tuple(np.bincount(codes, minlength=len(data.classes)).tolist())
    card = Card(head.name, data.table.rows, head.kind, data.classes, head.roles, digest, counts, head.inferred)
    return card, odd


def _checks(blocks: Blocks, suite: Suite, brought: Brought | None) -> dict[str, Check]:
    """A check of each name that looks at all blocks, or at a sample, or says why it does not."""
    judge = _labels_of_sample(blocks) if brought is None else _labels(blocks, brought)
    mine: dict[str, Check] = {
        c.__name__: c for c in (_schema(blocks, suite), judge, *_simple(blocks), *_of_sample(blocks))
    }
    return {name: mine.get(name) or _not(check) for name, check in CHECKS.items()}


def _not(check: Check) -> Check:
    @functools.wraps(check)
    def skip(evidence: Evidence, **options: Any) -> Issues:  # noqa: ARG001  a check's signature
        raise NotApplicable(SKIPPED_WHY[check.__name__])

    return skip


def _schema(blocks: Blocks, suite: Suite) -> Check:
    @functools.wraps(CHECKS["schema"])
    def check(evidence: Evidence) -> Issues:  # noqa: ARG001  a check's signature
        if not suite.expectations:
            raise NotApplicable(f"suite {suite.name} has no expectations")
        return blocks.keep(schema(blocks.data, suite.expectations, blocks.room))

    return check


def _labels(blocks: Blocks, brought: Brought) -> Check:
    def check(evidence: Evidence, *, method: str = METHOD, filter_by: str | None = None) -> Issues:  # noqa: ARG001
        if blocks.data.codes is None:
            raise NotApplicable("no label column")
        if method != METHOD:
            raise InputError(f"labels: method {method!r} needs the data in memory; block by block there is {METHOD!r}")
        rule = next((r for r in RULES if r == filter_by), None) if filter_by is not None else DEFAULT
        if rule is None:
            raise UnknownName.of("filter_by", filter_by, RULES, where="labels")
        return blocks.keep(labels(blocks.data, brought, blocks.run, rule))

    check.__name__ = "labels"
    return check


def _labels_of_sample(blocks: Blocks) -> Check:
    def check(evidence: Evidence, *, method: str = OURS, filter_by: str | None = None, seeds: int = SEEDS) -> Issues:  # noqa: ARG001
        if blocks.data.codes is None:
            raise NotApplicable("no label column")
        rows, own = blocks.drawn
        options = {"method": method, "filter_by": filter_by, "seeds": seeds}
        return blocks.keep(sampled_labels(blocks.data, rows, own, blocks.seed, blocks.progress, options))

    check.__name__ = "labels"
    return check


def _of_sample(blocks: Blocks) -> tuple[Check, ...]:
    @functools.wraps(CHECKS["outliers"])
    def far(evidence: Evidence, **said: Any) -> Issues:  # noqa: ARG001  a check's signature
        return blocks.keep(outliers(blocks.sample, **said))

    @functools.wraps(CHECKS["non_iid"])
    def order(evidence: Evidence, **said: Any) -> Issues:  # noqa: ARG001
        return blocks.keep(non_iid(blocks.sample, **said))

    return far, order


def _simple(blocks: Blocks) -> tuple[Check, ...]:
    data = blocks.data

    def labelled() -> None:
        if data.codes is None:
            raise NotApplicable("no label column")

    @functools.wraps(CHECKS["conflicts"])
    def clash(evidence: Evidence) -> Issues:  # noqa: ARG001  a check's signature
        labelled()
        alike = blocks.normalised
        return blocks.keep(conflicts(data, blocks.exact if alike is None else alike))

    @functools.wraps(CHECKS["duplicates"])
    def repeat(evidence: Evidence) -> Issues:  # noqa: ARG001
        found = duplicates(data, blocks.exact, blocks.normalised)
        equal = [s for s in (blocks.exact, blocks.normalised) if s is not None]
        try:
            return blocks.keep(with_near(found, blocks.sample, equal))
        except NotApplicable as why:
            return blocks.keep(without_near(found, str(why)))

    @functools.wraps(CHECKS["imbalance"])
    def balance(evidence: Evidence, **said: Any) -> Issues:  # noqa: ARG001
        labelled()
        return blocks.keep(imbalance(data, **said))

    @functools.wraps(CHECKS["missing"])
    def lack(evidence: Evidence) -> Issues:  # noqa: ARG001
        if not wanted_columns(data.head.roles)[1]:
            raise NotApplicable("no column but the label has a role")
        return blocks.keep(missing(data, blocks.looked.gone))

    return clash, repeat, balance, lack

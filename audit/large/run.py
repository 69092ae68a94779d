"""`audit_blocks`: the checks over data that is never whole in memory, as a Report and what its files are written from."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from audit.checks import CHECKS, Check
from audit.checks.labels import OURS, SEEDS
from audit.confident import DEFAULT, RULES
from audit.dataset import Dataset
from audit.errors import AssayError, InputError, NotApplicable, UnknownName
from audit.evidence.backbone import Backbone
from audit.evidence.gather import Evidence, Progress, silent
from audit.large import pictures
from audit.large.around import Placed, Said, look_around, place
from audit.large.bounds import Clock, size, within
from audit.large.budget import asked_rows, drawn_rows
from audit.large.columns import imbalance, missing
from audit.large.copies import Sets, conflicts, duplicates, sets_of, without_near
from audit.large.engine import Map
from audit.large.fingerprint import fingerprint
from audit.large.found import SHOWN, SKIPPED, Streamed
from audit.large.judge import Known
from audit.large.labels import METHOD, check_fit, labels
from audit.large.leakage import leakage, near_rows
from audit.large.needs import needed
from audit.large.probabilities import Brought
from audit.large.project import project
from audit.large.rows import Looked, look_at_all, wanted_columns
from audit.large.sample import drawn
from audit.large.sampled import Sample, non_iid, outliers, with_near
from audit.large.sampled_labels import ESTIMATED, labels_of_all, of_the_drawn, sampled_labels
from audit.large.schema import schema
from audit.large.table import LargeData
from audit.large.taught import Taught, known, taught, too_few
from audit.large.twins import compared, equal_rows
from audit.noise.judge import Cutoff
from audit.report import Card, Issues, Report
from audit.run import UNREADABLE, audit
from audit.suite import Suite

SKIPPED_WHY = {
    "valuation": "skipped: what a row is worth is seen by all rows that have it for a neighbour, and of those a sample holds "
    "too few",
}


@dataclass(frozen=True, eq=False)
class Large:
    """An audit by blocks: the report as the pages show it, and what the whole tables are written from."""

    report: Report
    found: Mapping[str, Streamed]
    data: LargeData
    reference: Dataset | None = None


@dataclass(frozen=True, eq=False)
class Blocks:
    """What several checks look at, each computed once, and what they found."""

    everything: LargeData
    run: Map
    room: int
    """Bytes beyond what the checks of all rows need."""
    clock: Clock
    seed: int
    progress: Progress
    judges: bool
    """Whether labels of all rows are judged by what is learnt of the drawn ones."""
    backbone: Backbone | None = None
    found: dict[str, Streamed] = field(default_factory=dict)

    @cached_property
    def drawn(self) -> tuple[np.ndarray, Dataset]:
        """The rows of the sample; NotApplicable where too few fit the bounds."""
        count = drawn_rows(self.data, self.room, self.clock, pictures.width(self.backbone))
        if not self.looked.content.shape[1]:
            raise NotApplicable("skipped: rows have no content to make vectors of")
        rows = drawn(self.looked.content, self.exact, count, self.seed)
        return rows, self.data.at(rows)

    @cached_property
    def placed(self) -> Placed:
        """The drawn rows in their space; NotApplicable where there is none."""
        rows, own = self.drawn
        try:
            return place(rows, own, self.seed, self.backbone)
        except InputError as why:  # such as columns without a value: no vectors, and so nothing to look at
            raise NotApplicable(f"skipped: {why}") from None

    @cached_property
    def taught(self) -> Taught:
        """What is learnt of the drawn rows' labels; NotApplicable where that is nothing."""
        more = np.empty(0, np.int64)
        if self.judges and self.data.codes is not None:
            more = too_few(self.looked.content, self.exact, self.data.codes, self.placed.rows, self.seed)
        return taught(self.data, self.placed, more, self.seed, self.progress)

    @cached_property
    def known(self) -> Known:
        """Of all rows, what a judge asks for."""
        return known(self.data, self.taught)

    @cached_property
    def around(self) -> tuple[Sample, Said | None]:
        """The sample with the nearest of all rows to each of it, and what is said of all rows' labels."""
        judging = None
        if self.judges:
            # what stops it is what the label check says
            with suppress(AssayError, NotApplicable):
                judging = self.taught.judge, self.known
        return look_around(self.data, self.placed, self.run, self.progress, *(judging or ()))

    @cached_property
    def sample(self) -> Sample:
        """The first of these; NotApplicable where there is none."""
        return self.around[0]

    @cached_property
    def all_looked(self) -> Looked:
        """The hashes and empty cells of all rows; InputError where no picture can be opened."""
        return look_at_all(self.everything, self.run)

    @cached_property
    def out(self) -> np.ndarray:
        """(s,) ascending positions of the rows that are in no check but those of `everything`."""
        return self.all_looked.out if self.everything.head.roles.image is not None else np.empty(0, np.int64)

    @cached_property
    def data(self) -> LargeData:
        """The rows that can be looked at: those whose picture opens, counted as if there were no others."""
        return self.everything.without(self.out)

    @cached_property
    def looked(self) -> Looked:
        """The hashes and empty cells of these rows."""
        return self.all_looked.without(self.out)

    @cached_property
    def exact(self) -> Sets:
        """Rows of equal content."""
        return sets_of(self.looked.content)

    @cached_property
    def normalised(self) -> Sets | None:
        """Rows of equal content once texts are normalised; None where there is no text."""
        return None if self.looked.normalised is None else sets_of(self.looked.normalised)

    def keep(self, streamed: Streamed) -> Issues:
        """Remember what the files are written from, found among `data`."""
        return self.keep_of_all(pictures.among_all(streamed, self.out))

    def keep_of_all(self, streamed: Streamed) -> Issues:
        """The same, found among `everything`."""
        self.found[streamed.issues.check] = streamed
        return streamed.issues


def audit_blocks(
    data: LargeData,
    *,
    suite: Suite,
    run: Map,
    memory: int,
    brought: Brought | None = None,
    reference: Dataset | None = None,
    clock: Clock = Clock(),  # noqa: B008  a frozen value, which bounds nothing
    options: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    progress: Progress = silent,
    command: str = "",
    created: str = "",
    with_map: bool = False,
    backbone: Backbone | None = None,
) -> Large:
    """Run every check that can be streamed over all rows; the others are not applicable, and say why.

    Args:
        data: a table that is read in blocks.
        suite: expectations and limits, and options of the checks.
        run: where blocks are worked on: an engine.
        memory: bytes of resident memory that the audit may take.
        brought: out-of-sample probabilities; without them labels are not looked at.
        reference: what leakage is looked for in, in memory; without it, the other splits are.
        clock: checks are begun only while it has time left.
        options: arguments of checks in place of the suite's.
        seed: by which rows are drawn for the checks of a sample.
        progress: told of (what, done, total).
        command: kept in the report.
        created: a date, kept in the report.
        with_map: place drawn rows in the plane too, where rows were drawn, for the page's map.
        backbone: what pictures are looked at by, in place of their gradients and pixels.

    Raises:
        InputError: if not even this fits the memory, the probabilities are not of this data's rows and classes, the
            backbone is none or has nothing to look at, or no picture can be opened.
    """
    start = time.perf_counter()
    if brought is not None:
        check_fit(data, brought)
    need = needed(data, brought, suite, reference) + pictures.backbone_bytes(data, backbone)
    if need > memory:
        raise InputError(
            f"{data.table.path}: block by block the audit needs about {size(need)}"
            f"{', the reference included,' if reference is not None else ','} more than --memory {size(memory)}"
        )
    judging = _judges(data, brought, suite, options or {})
    blocks = Blocks(data, run, memory - need, clock, seed, progress, judging, backbone)
    _ = blocks.out  # where no picture can be opened there is nothing to audit, as in memory
    checks = within(clock, _checks(blocks, suite, brought))
    report = audit(
        pictures.unopened(data.head),
        reference=reference,
        suite=suite,
        checks=checks,
        options=options,
        seed=seed,
        progress=progress,
        command=command,
        created=created,
    )
    card, odd = _card(blocks)
    told = [
        f"audited block by block to keep within {size(memory)} of memory: exact where no sample is spoken of; the pages "
        f"show the worst {SHOWN:,} rows of a check, issues.parquet has all"
    ]
    told += [UNREADABLE.format(len(blocks.out))] if len(blocks.out) else []
    told += [n for n in report["labels"].detail.get("notes", ()) if n.startswith(ESTIMATED)]
    if odd:
        told.append(
            f"hashed otherwise than in memory, so assay clean will not take this report: column {', '.join(odd)}"
        )
    found = {
        name: replace(blocks.found[name], issues=i) if i.status == "ran" else Streamed(_skip(i))
        for name, i in report.checks.items()
    }
    around = vars(blocks).get("around")  # where no check looked around, nothing is looked at for the map alone
    placed = None
    if around is not None and with_map:
        placed, found = project(pictures.sample_among_all(around[0], data, blocks.out), found, seed, progress)
    whole = replace(
        report,
        dataset=card,
        checks={name: s.issues for name, s in found.items()},
        seconds=time.perf_counter() - start,
        notes=(*report.notes, *told),
        projection=placed,
        _rows=data.rows,
    )
    return Large(whole, found, data, reference)


def _judges(data: LargeData, brought: Brought | None, suite: Suite, options: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether all labels are judged by what is learnt of some: by assay's own method, where nobody brought a model."""
    said = {**suite.options.get("labels", {}), **options.get("labels", {})}
    return data.codes is not None and brought is None and said.get("method", OURS) == OURS


def _skip(issues: Issues) -> Issues:
    return replace(issues, detail={"path": SKIPPED, **issues.detail}) if issues.status == "not_applicable" else issues


def _card(blocks: Blocks) -> tuple[Card, tuple[str, ...]]:
    data = blocks.everything
    digest, odd = fingerprint(data, None if data.head.roles.image is None else blocks.all_looked.content)
    head, codes = data.head, data.codes
    counts = () if codes is None else tuple(np.bincount(codes, minlength=len(data.classes)).tolist())
    card = Card(head.name, data.table.rows, head.kind, data.classes, head.roles, digest, counts, head.inferred)
    return card, odd


def _checks(blocks: Blocks, suite: Suite, brought: Brought | None) -> dict[str, Check]:
    """A check of each name that looks at all blocks, or at a sample, or says why it does not."""
    judge = _labels_of_sample(blocks) if brought is None else _labels(blocks, brought)
    mine: dict[str, Check] = {
        c.__name__: c for c in (_schema(blocks, suite), judge, *_simple(blocks), *_of_sample(blocks), _leakage(blocks))
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
        return blocks.keep_of_all(schema(blocks.everything, suite.expectations, blocks.room))

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
        return blocks.keep(labels(blocks.data, pictures.brought_for(brought, blocks.out), blocks.run, rule))

    check.__name__ = "labels"
    return check


def _labels_of_sample(blocks: Blocks) -> Check:
    def check(
        evidence: Evidence,  # noqa: ARG001  a check's signature
        *,
        method: str = OURS,
        filter_by: str | None = None,
        precision: float | None = None,
        budget: int | None = None,
        seeds: int = SEEDS,
    ) -> Issues:
        if blocks.data.codes is None:
            raise NotApplicable("no label column")
        said: dict[str, Any] = {"method": method, "filter_by": filter_by, "seeds": seeds}
        said |= {"precision": precision, "budget": budget}
        if not blocks.judges and budget is not None:
            raise InputError(f"labels: by {method} only drawn rows are judged, and a budget is one of all rows")
        issues = of_the_drawn(blocks.taught, said)
        if not blocks.judges:
            return blocks.keep(sampled_labels(blocks.data, blocks.taught, issues))
        cutoff = Cutoff(precision, budget)
        return blocks.keep(labels_of_all(blocks.data, blocks.taught, blocks.known, blocks.around, issues, cutoff))

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


def _leakage(blocks: Blocks) -> Check:
    @functools.wraps(CHECKS["leakage"])
    def check(evidence: Evidence) -> Issues:
        data = blocks.data
        there = compared(data, evidence.reference)
        equal = equal_rows(data, there, blocks.looked, blocks.exact, blocks.normalised)
        most = asked_rows(data, blocks.room, blocks.clock, pictures.width(blocks.backbone))
        try:
            near = near_rows(blocks.sample, there, most, blocks.run, blocks.seed, blocks.progress)
        except NotApplicable as none:
            return blocks.keep(leakage(data, there, equal, None, str(none)))
        return blocks.keep(leakage(data, there, equal, near))

    return check


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
        alike = blocks.normalised if data.head.kind == "text" else None
        found = duplicates(data, blocks.exact, alike)
        equal = [s for s in (blocks.exact, alike) if s is not None]
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
        everything = blocks.all_looked
        return blocks.keep_of_all(missing(blocks.everything, everything.gone, everything.shut))

    return clash, repeat, balance, lack

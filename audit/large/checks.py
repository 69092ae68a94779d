"""A check of each name over blocks: of every row, of drawn rows, or why it is skipped."""

from __future__ import annotations

import functools
from typing import Any

from audit.checks import CHECKS, Check
from audit.checks.labels import OURS, SEEDS
from audit.confident import DEFAULT, RULES
from audit.errors import InputError, NotApplicable, UnknownName
from audit.evidence.gather import Evidence
from audit.large import pictures
from audit.large.blocks import Blocks
from audit.large.budget import asked_rows
from audit.large.drawn.labels import labels_of_all, of_the_drawn, sampled_labels
from audit.large.drawn.leakage import Side, leakage
from audit.large.drawn.near_leaks import near_rows
from audit.large.drawn.sampled import non_iid, outliers, with_near
from audit.large.every.columns import imbalance, missing
from audit.large.every.copies import conflicts, duplicates, without_near
from audit.large.every.labels import METHOD, labels
from audit.large.every.schema import schema
from audit.large.every.twins import There, compared, equal_rows
from audit.large.read.probabilities import Brought
from audit.large.read.rows import wanted_columns
from audit.noise.judge import Cutoff
from audit.report import Issues
from audit.suite import Suite

SKIPPED_WHY = {
    "valuation": "what a row is worth is seen by all rows that have it for a neighbour, and of those a sample holds "
    "too few",
}


def checks_of(blocks: Blocks, suite: Suite, brought: Brought | None) -> dict[str, Check]:
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
        sides = [_side(blocks, there) for there in compared(blocks.data, evidence.reference)]
        return blocks.keep(leakage(blocks.data, sides))

    return check


def _side(blocks: Blocks, there: There) -> Side:
    data = blocks.data
    equal = equal_rows(data, there, blocks.looked, blocks.exact, blocks.normalised)
    most = asked_rows(data, blocks.room, blocks.clock, pictures.width(blocks.backbone))
    try:
        return Side(there, equal, near_rows(blocks.sample, there, most, blocks.run, blocks.seed, blocks.progress))
    except NotApplicable as none:
        return Side(there, equal, None, str(none))


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

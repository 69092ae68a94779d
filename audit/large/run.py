"""`audit_blocks`: the checks over data that is never whole in memory, as a Report and what its files are written from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.checks.labels import OURS
from audit.dataset import Dataset
from audit.errors import InputError
from audit.evidence.backbone import Backbone
from audit.evidence.gather import Progress, silent
from audit.large import pictures
from audit.large.blocks import Blocks
from audit.large.bounds import Clock, size, within
from audit.large.checks import checks_of
from audit.large.drawn.labels import ESTIMATED
from audit.large.drawn.project import project
from audit.large.engine import Map
from audit.large.every.labels import check_fit
from audit.large.every.twins import check_kinds
from audit.large.found import SHOWN, SKIPPED, Streamed
from audit.large.needs import needed
from audit.large.read.fingerprint import fingerprint
from audit.large.read.probabilities import Brought
from audit.large.read.table import LargeData
from audit.report import Card, Issues, Report
from audit.run import UNREADABLE, audit
from audit.suite import Suite


@dataclass(frozen=True, eq=False)
class Large:
    """An audit by blocks: the report as the pages show it, and what the whole tables are written from."""

    report: Report
    found: Mapping[str, Streamed]
    data: LargeData
    reference: Dataset | None = None


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
    if reference is not None:
        check_kinds(data, reference)
    need = needed(data, brought, suite, reference) + pictures.backbone_bytes(data, backbone)
    if need > memory:
        raise InputError(
            f"{data.table.path}: block by block the audit needs about {size(need)}"
            f"{', the reference included,' if reference is not None else ','} more than --memory {size(memory)}"
        )
    judging = _judges(data, brought, suite, options or {})
    blocks = Blocks(data, run, memory - need, clock, seed, progress, judging, backbone)
    _ = blocks.out  # where no picture can be opened there is nothing to audit, as in memory
    checks = within(clock, checks_of(blocks, suite, brought))
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

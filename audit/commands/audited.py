"""What `assay audit` and `assay gate` do alike: read the data, choose the suite, gather the evidence, audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.commands import options as opt

if TYPE_CHECKING:
    from audit.checks import Check
    from audit.dataset import Dataset
    from audit.report import Report
    from audit.suite import Suite


@dataclass(frozen=True)
class Audited:
    """An audit and all that went into it."""

    data: Dataset
    reference: Dataset | None
    suite: Suite
    report: Report


def audited(
    where: str,
    *,
    reference: str | None,
    suite: str | None,
    cache: Path | None,
    seed: int,
    options: dict[str, Any],
    checks: Mapping[str, Mapping[str, Any]] | None = None,
    only: Sequence[Check] | None = None,
    with_map: bool = False,
) -> Audited:
    """Audit `where`; `options` are what `dataset_options` and `evidence_options` gave the command, `checks` arguments of
    checks that go before the suite's, `only` the checks to run in place of all, `with_map` whether rows are placed
    on a map for the page."""
    from audit.run import audit
    from audit.sources import load
    from audit.suite import default_suite, read_suite

    named = opt.roles(options)
    data = load(where, **named)
    compared = opt.load_reference(reference, named) if reference else None
    chosen = read_suite(suite) if suite else default_suite(data, compared)
    given = opt.given(data, options)
    with opt.progress_bars() as progress:
        report = audit(
            data, reference=compared, suite=chosen, given=given, checks=only, options=checks, seed=seed, cache=cache,
            progress=progress, command=opt.command_line(), created=opt.today(), with_map=with_map,
        )  # fmt: skip
    return Audited(data, compared, chosen, report)

"""`selftest`: would this gate have noticed? Puts known faults into copies of the data and gates each copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from audit.dataset import Dataset
from audit.errors import AssayError, InputError, Undecided, UnknownName
from audit.evidence.cache import Cache
from audit.evidence.gather import Progress, silent
from audit.faults.inject import FAULTS, Fault
from audit.report import Report
from audit.run import audit
from audit.suite import Severity, Suite
from audit.verdict import gate

STAGES: tuple[tuple[str, ...], ...] = (
    ("schema", "missing", "conflicts", "imbalance"),
    ("duplicates", "leakage", "outliers"),
    (),
)
"""Checks that cost little first, then those that need embeddings, then all (): what one stage stops, no later one frees,
since breaches only add up."""


@dataclass(frozen=True)
class Trial:
    """One dose of one fault."""

    dose: float
    rows: int
    """How many rows were touched."""
    where: str
    exit_code: int
    by: tuple[str, ...]
    """The measures and expectations that stopped it, those of the cheapest checks that did."""

    @property
    def stopped(self) -> bool:
        """Whether the data did not get through: failed, refused or undecided."""
        return self.exit_code != 0


@dataclass(frozen=True)
class Tested:
    """What became of one fault."""

    fault: str
    what: str
    trials: tuple[Trial, ...]
    why_not: str = ""
    """Why it was not tried."""
    remedy: str = ""
    """What would have to be demanded to stop the largest dose that slips through."""

    @property
    def smallest(self) -> float | None:
        """The smallest dose from which on every dose is stopped."""
        from_here = None
        for trial in sorted(self.trials, key=lambda t: -t.dose):
            if not trial.stopped:
                break
            from_here = trial.dose
        return from_here

    @property
    def slips(self) -> tuple[float, ...]:
        """The doses that get through."""
        return tuple(t.dose for t in self.trials if not t.stopped)

    @property
    def caught(self) -> bool:
        """Whether the largest dose is stopped."""
        return self.smallest is not None


@dataclass(frozen=True)
class SelfTest:
    """Which faults a suite stops in some data."""

    dataset: str
    fingerprint: str
    suite: str
    suite_fingerprint: str
    seed: int
    rows: int
    tested: tuple[Tested, ...]

    @property
    def exit_code(self) -> int:
        """0 if every fault that could be tried is stopped at its largest dose, 1 if one is not; 3 if none could be tried."""
        tried = [t for t in self.tested if t.trials]
        return int(not all(t.caught for t in tried)) if tried else Undecided.exit_code

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        lines = [{**asdict(t), "smallest": t.smallest, "slips": list(t.slips)} for t in self.tested]
        return {**asdict(self), "tested": lines, "exit_code": self.exit_code}


def selftest(
    data: Dataset,
    suite: Suite,
    *,
    reference: Dataset | None = None,
    faults: Sequence[str] | None = None,
    fail_on: Severity = "critical",
    seed: int = 0,
    cache: Cache | None = None,
    progress: Progress = silent,
) -> SelfTest:
    """Put each fault at each of its doses into a copy of `data`, audit and gate the copy, and say what got through.

    Args:
        data: must pass the gate as it is.
        suite: the gate.
        reference: as for `audit`; leaked rows are taken from it.
        faults: names from `FAULTS`; all by default.
        fail_on: as for `gate`.
        seed: which rows, columns and classes are drawn.
        cache: where evidence that a fault leaves as it is, is kept; by default in memory, for this call.
        progress: told of (what, done, total).

    Raises:
        InputError: if the data does not pass as it is, since then nothing can be told.
        UnknownName: for a fault that is none.
    """
    data = replace(data)  # its hashes may be of before its table was edited in place
    chosen = _chosen(faults)
    gate_, store = _Gate(suite, reference, fail_on, seed), cache or Cache()
    usual = gate_.judge(data, store, STAGES[-1:])
    if usual.exit_code or usual.report is None:
        raise InputError(
            f"{data.name}: does not pass suite {suite.name} as it is ({'; '.join(usual.by)}): repair it, or allow what is "
            f"there today (a baseline), before the gate is tried"
        )
    tested = []
    for done, fault in enumerate(chosen):
        progress("faults", done, len(chosen))
        tested.append(_tested(fault, data, gate_, store, usual.report))
    progress("faults", len(chosen), len(chosen))
    return SelfTest(data.name, data.fingerprint, suite.name, suite.fingerprint, seed, len(data), tuple(tested))


@dataclass(frozen=True)
class _Answer:
    """What a gate said of one copy."""

    exit_code: int
    by: tuple[str, ...]
    report: Report | None = None
    """None for data that could not be audited at all."""


@dataclass(frozen=True)
class _Gate:
    """A gate, and all that it needs beside the data."""

    suite: Suite
    reference: Dataset | None
    fail_on: Severity
    seed: int

    def judge(self, data: Dataset, store: Cache, stages: Sequence[tuple[str, ...]] = STAGES) -> _Answer:
        """The answer of the first stage that stops the data, else of the last."""
        answer = _Answer(Undecided.exit_code, ("the suite demands nothing",))
        for stage in stages:
            part = _part(self.suite, stage)
            if stage and part.demands_nothing:
                continue
            answer = self._stage(data, part, stage, store)
            if answer.exit_code:
                break
        return answer

    def _stage(self, data: Dataset, part: Suite, stage: tuple[str, ...], store: Cache) -> _Answer:
        try:
            report = audit(
                data, reference=self.reference, suite=part, checks=stage or None, seed=self.seed, cache=store
            )
        except AssayError as refused:  # what cannot be audited is stopped, with the exit code of the refusal
            return _Answer(refused.exit_code, (str(refused),))
        verdict = gate(report, part, fail_on=self.fail_on)
        by = dict.fromkeys(f"{b.measure}" for b in verdict.breaches if verdict.stops(b))
        return _Answer(verdict.exit_code, tuple(by), report)


def _chosen(names: Sequence[str] | None) -> list[Fault]:
    for name in names or ():
        if name not in FAULTS:
            raise UnknownName.of("fault", name, FAULTS)
    return [f for f in FAULTS.values() if names is None or f.name in names]


def _tested(fault: Fault, data: Dataset, gate_: _Gate, store: Cache, usual: Report) -> Tested:
    if why := fault.needs(data, gate_.reference):
        return Tested(fault.name, fault.what, (), why)
    trials, remedy = [], ""
    for dose in fault.doses:
        rng = np.random.default_rng([gate_.seed, list(FAULTS).index(fault.name)])  # the same draws: doses are nested
        try:
            made = fault.inject(data, gate_.reference, dose, rng)
        except AssayError as refused:  # such data would not even be read
            trials.append(Trial(dose, 0, "", refused.exit_code, (str(refused),)))
            continue
        answer = gate_.judge(made.data, store.branch())  # what dozens of copies need would fill the memory
        trials.append(Trial(dose, made.rows, made.where, answer.exit_code, answer.by))
        if not answer.exit_code and answer.report is not None:
            remedy = _remedy(fault, made.where, usual.measures, answer.report.measures)
    return Tested(fault.name, fault.what, tuple(trials), remedy=remedy)


def _part(suite: Suite, stage: tuple[str, ...]) -> Suite:
    """What of the suite these checks answer; all of it for the last stage."""
    if not stage:
        return suite
    limits = tuple(x for x in suite.limits if x.measure.split(".", 1)[0] in stage)
    return replace(suite, limits=limits, expectations=suite.expectations if "schema" in stage else ())


def _remedy(fault: Fault, where: str, usual: Mapping[str, float], found: Mapping[str, float]) -> str:
    """What would have stopped a dose that slipped through."""
    before, after = usual.get(fault.measure), found.get(fault.measure)
    if before is not None and after is not None and after > before:
        return f'limit "{fault.measure}" below {after:.4g}; without the fault it is {round(before, 6):.4g}'
    if fault.rule:
        return f"{fault.rule}{f' ({where})' if where else ''}: no measure moved"
    return f"nothing: {fault.measure} does not move at this dose"

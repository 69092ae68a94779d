"""`Comparison`: what a grid of trainings says, as values; round-trips through comparison.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from audit.files import read_json, write_json
from audit.shown import shown

SCHEMA_VERSION = 1
Judgement = Literal["helps", "hurts", "no difference", "cannot tell", "not enough seeds", "failed"]
BASELINE = "raw"
CONTROL = "random-pruned"
METRICS = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "log_loss", "calibration_error")
"""The first four are better when larger, the last two when smaller. Accuracy and the macro averages are shares."""


@dataclass(frozen=True)
class Contrast:
    """One variant against a baseline, at one size, with one model, by one metric."""

    variant: str
    baseline: str
    """raw; for accuracy also the control, for the variants that it is the control of."""
    size: int
    """Rows drawn before anything was repaired."""
    model: str
    metric: str
    diff: float
    """Variant less baseline, mean over seeds; for accuracy and macro averages a difference of shares (0.02 = 2 points)."""
    low: float | None
    high: float | None
    """The interval of `diff`; None with too few seeds. At the largest size it is widened for the family shown (Holm)."""
    p: float | None
    p_holm: float | None
    verdict: Judgement
    seeds: int
    failed: int
    """How many of the seeds' models failed and are not in the mean."""
    smallest_detectable: float | None
    """The smallest true difference that this many seeds and test rows would have shown 4 times in 5."""
    seeds_needed: int | None
    """How many seeds in all would settle it 4 times in 5, if the difference seen is the true one; None: settled, or
    beyond 100."""


@dataclass(frozen=True)
class Point:
    """One variant at one size with one model: where its curve passes."""

    variant: str
    size: int
    model: str
    rows_kept: float
    """Mean rows that were left to train on."""
    metrics: Mapping[str, float]
    """Metric to its mean over seeds."""
    low: Mapping[str, float]
    high: Mapping[str, float]
    """95 % t intervals over the seeds (equal to the mean with one seed)."""


@dataclass(frozen=True)
class Comparison:
    """What repairing was worth. Contrasts and points are in the order asked for, raw first."""

    dataset: str
    test: str
    rows: int
    test_rows: int
    classes: int
    kind: str
    variants: tuple[str, ...]
    sizes: tuple[int, ...]
    models: tuple[str, ...]
    seeds: int
    cells: tuple[Mapping[str, Any], ...]
    """Each training: variant, size, seed, model, rows kept, metrics, steps, epochs, examples seen, seconds, failed."""
    contrasts: tuple[Contrast, ...]
    points: tuple[Point, ...]
    protocol: Mapping[str, Any]
    """How it was done: `cleaner` (per draw), `budget`, `recipe` by model, fingerprints of data and test set, rows that
    were taken out of training because the test set holds them, versions, what intervals cover."""
    notes: tuple[str, ...] = ()
    command: str = ""
    created: str = ""
    seconds: float = 0.0
    trained: int = 0
    """Cells trained now; the others were in the ledger."""
    delta: float = 0.003
    """Differences of accuracy within this are not worth having."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Comparison({self.dataset!r}, {len(self.variants)} versions, {len(self.sizes)} sizes, {self.seeds} seeds)"
        )

    def _repr_html_(self) -> str:
        return shown("train.render.notebook:comparison", self)

    @property
    def verdicts(self) -> dict[tuple[str, str], Judgement]:
        """(variant, model) to the verdict on accuracy at the largest size."""
        return {
            (c.variant, c.model): c.verdict
            for c in self.contrasts
            if c.size == self.sizes[-1] and c.metric == "accuracy" and c.baseline == BASELINE
        }

    def contrast(
        self, variant: str, size: int, model: str, metric: str = "accuracy", baseline: str = BASELINE
    ) -> Contrast:
        """One contrast."""
        wanted = (variant, size, model, metric, baseline)
        return next(c for c in self.contrasts if (c.variant, c.size, c.model, c.metric, c.baseline) == wanted)

    def point(self, variant: str, size: int, model: str) -> Point:
        """One point of a curve."""
        return next(p for p in self.points if (p.variant, p.size, p.model) == (variant, size, model))

    def to_dict(self) -> dict[str, Any]:
        """comparison.json's content."""
        values = asdict(self)
        return {"schema_version": SCHEMA_VERSION, **{k: v for k, v in values.items() if k != "extra"}, **self.extra}

    def write_json(self, folder: Path) -> None:
        """Write comparison.json whole or not at all."""
        write_json(folder / "comparison.json", self.to_dict())


def read_comparison(folder: Path) -> Mapping[str, Any]:
    """The values of a folder's comparison.json."""
    return read_json(folder / "comparison.json")

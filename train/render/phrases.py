"""How a comparison is worded: differences in points, verdicts, the names of versions and metrics.

A printed number never contradicts its verdict: it gets as many decimals as it takes to stay on its side of zero and
of the smallest difference worth having.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.render import words
from train.comparison import CONTROL, Comparison, Contrast, Judgement

MARKS: dict[Judgement, str] = {
    "helps": "▲", "hurts": "▼", "no difference": "=", "cannot tell": "?", "not enough seeds": "?", "failed": "✕",
}  # fmt: skip
STATES: dict[Judgement, str] = {
    "helps": "helps", "hurts": "hurts", "no difference": "no_difference", "cannot tell": "cannot_tell",
    "not enough seeds": "cannot_tell", "failed": "error",
}  # fmt: skip
"""Verdict to the stylesheet's name for how it looks."""
METRIC_WORDS = {
    "accuracy": "accuracy", "macro_f1": "macro F1", "macro_precision": "macro precision", "macro_recall": "macro recall",
    "log_loss": "log-loss", "calibration_error": "calibration error",
}  # fmt: skip
FEWEST_SEEDS = 3
"""Fewer give no interval; the page says so."""
DECIMALS = (1, 2, 3)
CLOSE = 1e-9


@dataclass(frozen=True)
class Deed:
    """A treatment as an order and as a thing that helps or hurts."""

    order: str
    doing: str
    plural: bool = False


DEEDS = {
    "pruned": Deed("prune", "pruning"),
    "relabelled": Deed("relabel", "relabelling"),
    "reweighted": Deed("reweight", "reweighting"),
    "deduplicated": Deed("deduplicate", "deduplicating"),
    "augmented": Deed("augment", "augmenting"),
    "oracle": Deed("use true labels", "true labels", plural=True),
    CONTROL: Deed("drop rows at random", "dropping rows at random"),
}
POOL = "@pool"
"""Ends the name of a repair whose cleaner saw the whole pool."""
SAW = "cleaner saw the whole pool"
POLLUTED = "polluted:"
"""Begins the name of a version with further labels made wrong on purpose; a percentage follows."""


def deed(variant: str) -> Deed:
    """`pruned+augmented` as "prune and augment", "pruning and augmenting"; a version of your own by its name."""
    parts = [_part_deed(part) for part in own(variant).split("+")]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return Deed(f"use “{name(variant)}”", f"“{name(variant)}”")
    together = [words.listing([getattr(d, form) for d in known], most=len(known)) for form in ("order", "doing")]
    plural = len(known) > 1 or known[0].plural
    if saw_pool(variant):
        together = [f"{form} by a cleaner that saw the whole pool" for form in together]
    return Deed(together[0], together[1], plural=plural)


def _part_deed(part: str) -> Deed | None:
    if part.startswith(POLLUTED):
        return Deed(f"add {_part_name(part)}", _part_name(part), plural=True)
    return DEEDS.get(part.strip())


def does(variant: str, verdict: Judgement) -> str:
    """`relabelling helps`, `pruning and augmenting make no difference`."""
    this = deed(variant)
    verbs = {
        "helps": ("helps", "help"), "hurts": ("hurts", "hurt"), "no difference": ("makes no difference", "make no difference"),
        "failed": ("failed", "failed"),
    }  # fmt: skip
    if verdict in verbs:
        return f"{this.doing} {verbs[verdict][this.plural]}"
    return f"{this.doing}: {verdict}" + (" yet" if verdict == "cannot tell" else "")


def base(variant: str) -> str:
    """What is done to the rows, without what is done while training or what the cleaner saw: `pruned` of
    `pruned@pool+augmented`."""
    return own(variant).split("+", maxsplit=1)[0].strip()


def own(variant: str) -> str:
    """The same version with a cleaner that saw its draw alone: `pruned` of `pruned@pool`."""
    first, plus, rest = variant.partition("+")
    return first.strip().removesuffix(POOL) + plus + rest


def saw_pool(variant: str) -> bool:
    """Whether its cleaner was trained on the whole pool, and knows what nobody with a draw's rows can know."""
    return variant.partition("+")[0].strip().endswith(POOL)


def polluted(variant: str) -> bool:
    """Whether labels were made wrong on purpose, to see what that costs."""
    return base(variant).startswith(POLLUTED)


def name(variant: str) -> str:
    """A version as a page names it: `pruned + augmented`, `pruned, cleaner saw the whole pool`."""
    parts = " + ".join(_part_name(part.strip()) for part in own(variant).split("+"))
    return f"{parts}, {SAW}" if saw_pool(variant) else parts


def _part_name(part: str) -> str:
    if part.startswith(POLLUTED):
        return f"{words.visible(part.removeprefix(POLLUTED))}{words.PERCENT} more wrong labels"
    return words.visible(part)


# -- numbers -----------------------------------------------------------------------------------------------------------


def scale(metric: str) -> float:
    """Shares are told in points of a hundred; log-loss as it is."""
    return 1.0 if metric == "log_loss" else 100.0


def difference(c: Contrast) -> str:
    """`+2.0`, `−0.02`: in points, or as it is for log-loss; a dash where no model finished."""
    if c.verdict == "failed":
        return words.UNKNOWN
    value = c.diff * scale(c.metric)
    decided = c.verdict in ("helps", "hurts")
    return signed(value, (0.0,) if decided else (), _decimals(c.metric))


def interval(c: Contrast, delta: float, joint: str = " to ") -> str:
    """`+1.7 to +2.3`; empty where there is none, as with too few seeds.

    `delta` is the smallest difference worth having, as a share.
    """
    if not has_interval(c) or c.low is None or c.high is None:
        return ""
    by = scale(c.metric)
    worth = () if c.verdict in ("helps", "hurts") or c.metric != "accuracy" else (delta * by, -delta * by)
    return joint.join(signed(end * by, (0.0, *worth), _decimals(c.metric)) for end in (c.low, c.high))


def has_interval(c: Contrast) -> bool:
    """Whether there is an interval to show."""
    known = c.low is not None and c.high is not None and math.isfinite(c.low) and math.isfinite(c.high)
    return known and c.verdict not in ("not enough seeds", "failed")


def _decimals(metric: str) -> Sequence[int]:
    return (3, 4) if metric == "log_loss" else DECIMALS


def signed(value: float, bounds: Sequence[float] = (), decimals: Sequence[int] = DECIMALS) -> str:
    """A number with its sign, with as many decimals as keep it on its side of each bound."""
    if not math.isfinite(value):
        return words.UNKNOWN
    sides = [_side(value, b) for b in bounds]
    for places in decimals:
        if [_side(round(value, places), b) for b in bounds] == sides:
            return words.signed(value, places)
    # nearer to a bound than can be printed: the next number on the right side of it
    step, near = 10.0 ** -decimals[-1], min(bounds, key=lambda b: abs(value - b))
    return words.signed(near + math.copysign(step, value - near), decimals[-1])


def _side(value: float, bound: float) -> int:
    return 0 if abs(value - bound) < CLOSE else 1 if value > bound else -1


def level(metric: str, value: float | None) -> str:
    """A metric's own value: `81.2 %`, a log-loss as `0.612`."""
    if value is None or not math.isfinite(value):
        return words.UNKNOWN
    return f"{value:.3f}" if metric == "log_loss" else words.share(value, 1)


def gain(value: float) -> str:
    """A difference without its sign, in points: `2.0`, `0.04`."""
    return signed(abs(value) * 100, (0.0,)).lstrip("+")


def worth_having(comparison: Comparison) -> str:
    """The smallest difference worth having, in points: `0.3`."""
    return f"{comparison.delta * 100:.3g}"


# -- phrases -----------------------------------------------------------------------------------------------------------


def design(comparison: Comparison) -> str:
    """`7 versions × 5 sizes × 8 seeds = 280 models`."""
    sides = [
        words.plural(len(comparison.variants), "version"),
        words.plural(len(comparison.sizes), "size"),
        words.plural(comparison.seeds, "seed"),
    ]
    several = len(comparison.models) > 1
    sides += [words.plural(len(comparison.models), "kind of model", "kinds of model")] if several else []
    full = len(comparison.variants) * len(comparison.sizes) * comparison.seeds * len(comparison.models)
    total = words.plural(len(comparison.cells), "model")
    return " × ".join(sides) + (f" = {total}" if full == len(comparison.cells) else f", {total}")


def failed_models(failed: int, seeds: int) -> str:
    """`3 of 8 models failed`."""
    return f"{words.count(failed)} of {words.plural(max(failed, seeds), 'model')} failed"


def rows(size: int) -> str:
    """`16,000 rows`."""
    return words.plural(size, "row")

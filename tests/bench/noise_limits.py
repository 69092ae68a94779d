"""What keeps goals for label errors out of reach: chance, the unknown rate, and labels that were wrong from the start."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from audit.noise.cut import shifted
from audit.noise.estimate import Estimate

DRAWS = 10
NEAR, CLOSE = 0.07, 0.05
"""Of expected precision, and of F1 regret."""


def f1(errors: np.ndarray, flagged: np.ndarray) -> float:
    """Of the flags."""
    return float(2 * (errors & flagged).sum() / max(errors.sum() + flagged.sum(), 1))


def precision(errors: np.ndarray, flagged: np.ndarray) -> float:
    """Share of the flagged that are wrong; 1 where nothing is flagged."""
    return float(errors[flagged].mean()) if flagged.any() else 1.0


def best_f1(errors: np.ndarray, badness: np.ndarray) -> float:
    """F1 at the threshold that truth would choose."""
    found = np.cumsum(errors[np.argsort(-badness, kind="stable")])
    return float((2 * found / (np.arange(1, len(errors) + 1) + errors.sum())).max())


def at_the_true_rate(found: Estimate, errors: np.ndarray) -> float:
    """Expected precision of the same flags had the true rate been known."""
    known = shifted(found.wrong, float(errors.mean()))
    return float(known[found.flagged].mean()) if found.flagged.any() else 1.0


def by_chance(found: Estimate, others: list[np.ndarray]) -> dict[str, np.ndarray]:
    """(`DRAWS`,) each: how far off flags of exactly right probabilities are, with a truth drawn from our own posterior.

    Args:
        found: whose posterior is taken for the truth's distribution.
        others: rankings by which the best threshold is sought too, the first being the one whose AP ours is compared with.
    """
    rng = np.random.default_rng(0)
    out: dict[str, list[float]] = {"chance_off": [], "chance_regret": [], "chance_gain": []}
    for _ in range(DRAWS):
        truth = rng.random(len(found.wrong)) < found.wrong
        if not truth.any():
            continue
        reach = max(best_f1(truth, -score) for score in (found.score, *others))
        out["chance_off"].append(abs(found.expected_precision - precision(truth, found.flagged)))
        out["chance_regret"].append(reach - f1(truth, found.flagged))
        gain = average_precision_score(truth, found.wrong) - average_precision_score(truth, -others[0])
        out["chance_gain"].append(gain)
    return {name: np.array((values * DRAWS)[:DRAWS]) for name, values in out.items()}


def chance(ours: pd.DataFrame, injected: pd.Series) -> dict[str, float]:
    """What every goal would come to if each of our probabilities were exactly right: the mean over draws."""
    off, regret, gain = (np.stack(ours[f"chance_{c}"].to_list()) for c in ("off", "regret", "gain"))
    hard = injected.to_numpy()
    return {
        "precision": float((off <= NEAR).mean()),
        "regret": float((regret[hard] <= CLOSE).mean()),
        "worst regret": float(regret[hard].max(axis=0).mean()),
        "worst gain": float(gain.min(axis=0).mean()),
    }


def show(ours: pd.DataFrame) -> None:
    """Where expected precision is off: whether by the rate, by the probabilities at that rate, or by chance."""
    gaps = {
        "as stated": ours.expected_precision - ours.precision,
        "at the true rate": ours.known_precision - ours.precision,
        "set aside": ours.expected_precision - ours.aside_precision,
    }
    table = pd.DataFrame({f"{name}, within {NEAR}": gap.abs() <= NEAR for name, gap in gaps.items()})
    table["exact probabilities"] = [float((off <= NEAR).mean()) for off in ours.chance_off]
    table["range covers"] = ours.precision_covers.astype(float)
    table["range width"] = ours.precision_width.astype(float)
    print("expected precision: the share of settings it is near in, and its range from rate_low to rate_high")
    with pd.option_context("display.width", 200, "display.float_format", "{:.2f}".format):
        print(table.astype(float).groupby(ours.group, sort=False).mean().to_string())

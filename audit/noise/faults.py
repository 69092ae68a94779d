"""Evidence that cannot be what it claims to be: probabilities that saw the labels, columns or rows in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MEMORISED_LOSS = 0.02
"""Nats a row. Out of sample even a model of handwritten digits that is right on 99.5 % of rows loses more."""
SUREST, FEWEST = 0.05, 100
"""Share of the rows, and number at least, of which an honest view is surest."""
CHANCE = 4.0
"""Standard errors above chance from which agreement is no accident."""


def memorised(pred_probs: np.ndarray, labels: np.ndarray, honest: np.ndarray | None = None) -> str | None:
    """Why these look like probabilities of a model's own training rows, or None.

    Nothing honest agrees with labels that are wrong, so it disagrees with at least as many as are wrong. How many are
    is read off the rows of which an honest view is surest; half of that, less sampling error, is proof enough. Without
    such a view only labels explained without loss are.

    Args:
        pred_probs: (n, K) in question.
        labels: (n,) given labels.
        honest: (n, K) probabilities known to be out of fold.
    """
    n = len(labels)
    apart = float((pred_probs.argmax(axis=1) != labels).mean())
    if honest is None:
        loss = float(-np.log(np.maximum(pred_probs[np.arange(n), labels], 1e-12)).mean())
        if apart < 0.001 and loss < MEMORISED_LOSS and n >= FEWEST:
            return f"agree with {1 - apart:.2%} of the labels at a loss of {loss:.2g}: no model of unseen rows does"
        return None
    surest = np.argsort(-honest.max(axis=1), kind="stable")[: min(n, max(FEWEST, round(SUREST * n)))]
    noise = float((honest.argmax(axis=1) != labels)[surest].mean())
    least = noise - 1.96 * float(np.sqrt(max(noise * (1 - noise), 1 / len(surest)) / len(surest)))
    if apart >= least / 2:
        return None
    return (
        f"disagree with {apart:.1%} of the labels, where a view that has not seen them disagrees with {noise:.1%} of the "
        f"{len(surest):,} it is surest of: they have seen these labels"
    )


def other_order(pred_probs: np.ndarray, labels: np.ndarray) -> str | None:
    """Why the columns look like another order of the classes, or None.

    The assignment of columns to classes that agrees best with the labels is compared with the one claimed. Two classes
    exchanged are enough: each column moved must agree with its new class far more than with its own.
    """
    from scipy.optimize import linear_sum_assignment

    classes = pred_probs.shape[1]
    votes = np.zeros((classes, classes))
    np.add.at(votes, (labels, pred_probs.argmax(axis=1)), 1)
    size = np.maximum(votes.sum(axis=1), 1)
    given, column = linear_sum_assignment(-votes)
    moved = given[(given != column) & (votes.sum(axis=1)[given] >= 5)]
    if not len(moved):
        return None
    place = dict(zip(given.tolist(), column.tolist(), strict=True))
    there = np.array([votes[k, place[int(k)]] / size[k] for k in moved])
    here = np.array([votes[k, k] / size[k] for k in moved])
    clear = (there > 0.5) & (here < 0.25 * there)
    if clear.sum() < 2:
        return None
    k = int(moved[clear][0])
    return (
        f"{int(clear.sum())} columns agree with other classes than they are named for: rows of class {k} are given to "
        f"column {place[k]} in {there[clear][0]:.0%} of cases, to their own in {here[clear][0]:.0%}"
    )


def shuffled(pred_probs: np.ndarray, labels: np.ndarray, others: Sequence[np.ndarray] = ()) -> str | None:
    """Why labels and probabilities look as if they belonged to different rows, or None.

    Probabilities at least twice as sure of themselves as chance is, which yet agree with the labels no more than chance,
    belong to other rows. A model that knows nothing and says so is weak, not shuffled.

    Args:
        pred_probs: (n, K) in question.
        labels: (n,) given labels.
        others: (n, K) further views, out of fold; where one of them agrees with the labels, the labels are in order.
    """
    n, classes = pred_probs.shape
    shares = np.bincount(labels, minlength=classes) / n
    looks = pred_probs.argmax(axis=1)
    chance = float(shares @ (np.bincount(looks, minlength=classes) / n))
    limit = chance + CHANCE * np.sqrt(chance * (1 - chance) / n)
    agreement = float((looks == labels).mean())
    sure = float(pred_probs.max(axis=1).mean())
    if len(np.unique(looks)) < 2 or agreement > limit or sure < 2 * chance:
        return None
    whose = "labels"
    for view in others:
        if float((view.argmax(axis=1) == labels).mean()) > limit:
            whose = "probabilities"
    return (
        f"agree with {agreement:.1%} of the labels, chance being {chance:.1%}, while {sure:.0%} sure of themselves: "
        f"the {whose} are in another order than the rows"
    )

"""Evidence that cannot be what it claims to be: probabilities that saw the labels, columns or rows in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audit.noise.floor import floor_low

MEMORISED_LOSS = 0.02
"""Nats a row. Out of sample even a model of handwritten digits that is right on 99.5 % of rows loses more."""
SURELY = 0.8
"""Of a 95 % bound: one in twenty lies too high, though never by much."""
FEWEST = 100
"""Rows from which a loss says something."""
CHANCE = 4.0
"""Standard errors above chance from which agreement is no accident."""
CHANCE_OF_FEW = 2.0
"""The same with fewer than `FEWEST` rows, of which honest views reach no more: of 40 rows of two classes a nearest corner of
which is right on 85 % all pass, and of 40 random ones one in twenty."""
TOO_FEW = 40
"""Rows below which there is no telling."""


def memorised(pred_probs: np.ndarray, labels: np.ndarray, honest: np.ndarray | None = None) -> str | None:
    """Why these look like probabilities of a model's own training rows, or None.

    Nothing honest agrees with labels that are wrong, so it disagrees with at least as many as are wrong. How many are
    at least is read off how an honest view's disagreement stops falling where it is surest (`floor_low`): a view that
    is merely weak, or people's errors, which are rarest where everything is clear, leave no such floor. Without one
    only labels explained nearly without loss are proof.

    Args:
        pred_probs: (n, K) in question.
        labels: (n,) given labels.
        honest: (n, K) probabilities known to be out of fold.
    """
    n = len(labels)
    apart = float((pred_probs.argmax(axis=1) != labels).mean())
    loss = float(-np.log(np.maximum(pred_probs[np.arange(n), labels], 1e-12)).mean())
    if apart < 0.001 and loss < MEMORISED_LOSS and n >= FEWEST:
        return (
            f"agree with {1 - apart:.2%} of the labels at a loss of {max(loss, 0):.2g}, as no model of unseen rows does: "
            f"they have seen these labels"
        )
    least = 0.0 if honest is None else SURELY * floor_low(honest, labels)
    if apart + 1.96 * float(np.sqrt(max(apart * (1 - apart), 1 / n) / n)) >= least:
        return None
    return (
        f"disagree with {apart:.1%} of the labels, of which at least {least:.1%} are wrong, by a view that has not seen "
        f"them: they have seen these labels"
    )


def other_order(pred_probs: np.ndarray, labels: np.ndarray, names: Sequence[object] = ()) -> str | None:
    """Why the columns look like another order of the classes, or None.

    The assignment of columns to classes that agrees best with the labels is compared with the one claimed. Two classes
    exchanged are enough: each column moved must agree with its new class far more than with its own.

    Args:
        pred_probs: (n, K) in question.
        labels: (n,) given labels.
        names: what the classes are called; their numbers by default.
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
    own, other = (names[i] if names else i for i in (k, place[k]))
    return (
        f"{int(clear.sum())} columns seem to be in another order: rows labelled {own!r} are given to the column of "
        f"{other!r} in {there[clear][0]:.0%} of cases, to their own in {here[clear][0]:.0%}"
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


def clueless(views: Mapping[str, np.ndarray], labels: np.ndarray) -> str | None:
    """Why none of the views (n, K) knows anything of the labels, or None; with fewer than `TOO_FEW` rows there is no
    telling.

    A view that knows something gives the given labels more probability than it would if they were dealt out anew:
    d_i = P_i,y_i - sum_k share_k P_ik, columns centred, has mean 0 where rows and labels have nothing to do with each
    other.
    """
    n = len(labels)
    if n < TOO_FEW:
        return None
    least = CHANCE if n >= FEWEST else CHANCE_OF_FEW
    for values in views.values():
        shares = np.bincount(labels, minlength=values.shape[1]) / n
        apart = values - values.mean(axis=0)
        more = apart[np.arange(n), labels] - apart @ shares
        if more.mean() > least * more.std() / np.sqrt(n):
            return None
    few = f", or {n} rows are too few to show what they do know" if n < FEWEST else ""
    return (
        f"no view knows more of the labels than chance ({', '.join(views)}): either the labels are in another order than "
        f"the rows, or what the views look at says nothing of them{few}"
    )


def no_telling(n: int) -> str:
    """What a reader must know of labels that are too few for `clueless`; "" of more."""
    many = f"{n} row{' is' if n == 1 else 's are'} too few"
    return f"{many} to tell whether what the views look at says anything of the labels" if n < TOO_FEW else ""

"""The noise rate from who agrees with whom: what one evidence alone cannot tell, two different ones can."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHARED = 0.8
"""Largest share of its errors that the better of two different learners has in common with the other. A linear head and
a neighbour vote share 0.65 to 0.75 of them on pictures, digits and sentences whose true labels are known."""


ENOUGH = 300
"""Disagreements on the surest half of the rows from which a rise by a fifth would be seen."""
RISE = 0.4
"""How much rarer noise that depends on the row is among the surest tenth than among the second: the root mean square of
the logarithm over three sets of labels that people gave to pictures."""
DRIFT = 0.04
"""How much rarer noise that does not may be, since views are surest where labels around happen to be right: the maximum
of its likelihood over draws of noise that is known not to."""


@dataclass(frozen=True)
class Agreement:
    """What a strong view and weaker, different ones say of the noise rate."""

    low: float
    """As if all three erred independently: too low where labels and weak views fail on the same rows."""
    high: float
    """The strong view's disagreement with the labels: its own errors counted as the labels'."""
    hard: float
    """Probability of `high`: the part of the strong view's seeming errors that are the labels'."""


def agree(a: np.ndarray, b: np.ndarray) -> float:
    """Share of rows where the two (n,) are equal."""
    return float((a == b).mean())


def triangulated(a: np.ndarray, b: np.ndarray, labels: np.ndarray) -> float:
    """Noise rate if a, b and the labels err independently: 1 - sqrt(g(a, y) g(b, y) / g(a, b)), g from `agree`."""
    between = agree(a, b)
    if between == 0:
        return 0.0
    return 1 - float(np.sqrt(min(1.0, agree(a, labels) * agree(b, labels) / between)))


def least(a: np.ndarray, b: np.ndarray, labels: np.ndarray) -> float:
    """The least noise rate that leaves two views' errors different enough (`SHARED`).

    With disagreements D_a, D_b with the labels and d between the views, rate r leaves errors D_a - r and D_b - r, of
    which (D_a + D_b - d)/2 - r are common; that is at most SHARED (min(D_a, D_b) - r). Sampling error is taken off.
    """
    apart = (1 - agree(a, labels), 1 - agree(b, labels))
    common = (sum(apart) - (1 - agree(a, b))) / 2
    sampling = 1.96 * float(np.sqrt(common / len(labels)))
    return max(0.0, (common - sampling - SHARED * min(apart)) / (1 - SHARED))


def between(strong: np.ndarray, weak: Sequence[np.ndarray], labels: np.ndarray) -> Agreement:
    """The noise rate from a strong view beside weaker ones, each (n,) predicted classes.

    The strong view's disagreement D with the labels is the noise rate r, plus its errors on rows labelled rightly.
    Triangulation gives r_tri and the view's errors D - r_tri, all of them on rows labelled rightly. Of the rows that the
    view gets wrong a share is labelled wrongly too: at least r (errors fall independently), at most 1 (hard is hard for
    everybody). Its geometric mean sqrt(r_tri) says what part of D - r_tri to give back: the rate is r_tri or D, the latter
    with that probability.
    """
    high = 1 - agree(strong, labels)
    low = min(high, float(np.mean([triangulated(strong, w, labels) for w in weak])))
    return Agreement(low, high, float(np.sqrt(low)))


def stronger(strong: np.ndarray, weak: Sequence[np.ndarray], labels: np.ndarray) -> bool:
    """Whether a view makes at most half as many errors as each of the others, the triangulated noise taken off.

    Then at least half of a weak view's errors are its own, so that what it confirms is not an error they share.
    """
    found = between(strong, weak, labels)
    own = found.high - found.low
    return all(own <= (1 - agree(w, labels) - found.low) / 2 for w in weak)


def same_everywhere(strong: np.ndarray, labels: np.ndarray) -> bool:
    """Whether the noise is plainly no rarer on the surest rows of a strong view than on less sure ones.

    Of the surest half of the rows of each predicted class, which a strong view gets right, the surer and the less sure
    half disagree with the labels equally often if noise does not depend on the row. Labels that people gave are wrong
    more often on the less sure ones. With fewer than `ENOUGH` disagreements there is no telling, and the answer is no.

    Args:
        strong: (n, K) probabilities.
        labels: (n,) given labels.
    """
    surer, less = _halves(strong, labels, 0.5)[0].tolist()
    return bool(surer + less >= ENOUGH and less - surer < 1.64 * math.sqrt(surer + less))


def evenness(truth: np.ndarray, labels: np.ndarray, share: float) -> float:
    """Probability that noise does not depend on the row, against that it is rarer where a view is surer.

    The logarithm l of the ratio between the noise on the surer and on the less sure half of the surest `share` is 0 in
    the one case, give or take `DRIFT`; in the other it is minus the absolute value of a normal number of standard
    deviation `RISE`. Its sampling error is added to both. Where few labels are wrong the answer is one half.

    Args:
        truth: (n, K) probabilities; errors of the view are rare on the surest share.
        labels: (n,) given labels.
        share: of the rows of each predicted class.
    """
    apart, rows = _halves(truth, labels, share)
    apart, rows = apart + 0.5, rows + 1
    found = float(np.log(apart[0] / rows[0]) - np.log(apart[1] / rows[1]))
    sampling = float(((1 - apart / rows) / apart).sum())
    even, rising = np.sqrt(DRIFT**2 + sampling), np.sqrt(RISE**2 + sampling)
    # half a normal density, blurred by the sampling error
    odds = 2 * _normal(found / rising) / rising * _below(-found * RISE / (rising * np.sqrt(sampling)))
    same = _normal(found / even) / even
    return float(same / (same + odds))


def _normal(x: float) -> float:
    return math.exp(-x * x / 2)


def _below(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def _halves(view: np.ndarray, labels: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Disagreements with the labels, and rows, in the surer and the less sure half of the surest share by class."""
    n = len(labels)
    looks, sure = view.argmax(axis=1), view.max(axis=1)
    size = np.bincount(looks, minlength=view.shape[1])
    order = np.lexsort((np.arange(n), -sure, looks))
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    place = (np.arange(n) - np.repeat(starts, size) + 0.5) / np.repeat(size, size)
    apart = (looks != labels)[order]
    halves = (place < share / 2, (place >= share / 2) & (place < share))
    return np.array([float(apart[h].sum()) for h in halves]), np.array([float(h.sum()) for h in halves])

"""The noise rate from who agrees with whom: what one evidence alone cannot tell, two different ones can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHARED = 0.8
"""Largest share of its errors that the better of two different learners has in common with the other. A linear head and
a neighbour vote share 0.65 to 0.75 of them on pictures, digits and sentences whose true labels are known."""


ENOUGH = 300
"""Disagreements on the surest half of the rows from which a rise by a fifth would be seen."""


@dataclass(frozen=True)
class Agreement:
    """What a strong view and weaker, different ones say of the noise rate."""

    low: float
    """As if all three erred independently: too low where labels and weak views fail on the same rows."""
    high: float
    """The strong view's disagreement with the labels: its own errors counted as the labels'."""
    rate: float
    """Between them."""


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
    everybody). Its geometric mean sqrt(r) says what part of D - r_tri to give back: r = r_tri + sqrt(r_tri) (D - r_tri).
    """
    high = 1 - agree(strong, labels)
    low = min(high, float(np.mean([triangulated(strong, w, labels) for w in weak])))
    return Agreement(low, high, low + float(np.sqrt(low)) * (high - low))


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
    n = len(labels)
    looks, sure = strong.argmax(axis=1), strong.max(axis=1)
    size = np.bincount(looks, minlength=strong.shape[1])
    order = np.lexsort((np.arange(n), -sure, looks))
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    place = (np.arange(n) - np.repeat(starts, size) + 0.5) / np.repeat(size, size)
    apart = (looks != labels)[order]
    surer, less = int((apart & (place < 0.25)).sum()), int((apart & (place >= 0.25) & (place < 0.5)).sum())
    return surer + less >= ENOUGH and less - surer < 1.64 * float(np.sqrt(surer + less))

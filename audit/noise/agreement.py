"""The noise rate from who agrees with whom: what one evidence alone cannot tell, two different ones can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MARGIN = 1.96
"""Standard errors by which one view must agree more with the labels than another to be called stronger."""


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
    """Whether a view agrees with the labels so much more than others do that their errors are the others' own.

    The view must make fewer disagreements than every other by half of what separates ... at least a quarter.
    """
    own = 1 - agree(strong, labels)
    return all((1 - agree(w, labels)) - own > 0.05 for w in weak)

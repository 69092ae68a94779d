"""Views: several class probabilities of the same rows, brought along or made here, none of which saw the row's label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audit.dataset import Dataset
from audit.errors import InputError
from audit.neighbours import Neighbours, neighbour_vote
from audit.noise.faults import memorised, other_order, shuffled
from audit.probabilities import Probabilities, check_probabilities, geometric_mean

HEAD, VOTE = "linear head", "neighbour vote"
CHEAP = (HEAD, VOTE)
"""The views that are made of the data's own features beside whatever is brought along."""


def named(brought: Sequence[Probabilities]) -> dict[str, Probabilities]:
    """What was brought by its name; InputError where two have one name, or the name of a view made here."""
    if len(brought) == 1 and not brought[0].name:
        return {"your probabilities": brought[0]}
    out: dict[str, Probabilities] = {}
    for place, one in enumerate(brought, 1):
        name = one.name or f"your probabilities {place}"
        if name in out or name in CHEAP:
            raise InputError(f"two views are called {name!r}: give one of them another name")
        out[name] = one
    return out


def checked(brought: Sequence[Probabilities], data: Dataset) -> dict[str, np.ndarray]:
    """What was brought as (n, K) in the order of the data's classes.

    Raises:
        InputError: if its shape or values are wrong, or if its columns or rows are plainly in another order.
    """
    out = {}
    for name, one in named(brought).items():
        where = f"pred_probs ({name})" if one.name else "pred_probs"
        values = check_probabilities(one, data.labels, data.classes, list(data.rows), where)
        if why := other_order(values, data.labels, data.classes):
            raise InputError(f"{where}: {why}")
        if why := shuffled(values, data.labels):
            raise InputError(f"{where}: {why}")
        out[name] = values
    return out


def unseen(brought: Mapping[str, np.ndarray], cheap: Mapping[str, np.ndarray], labels: np.ndarray) -> None:
    """InputError if what was brought saw the labels it is to judge."""
    honest = geometric_mean(list(cheap.values())) if cheap else None
    for name, values in brought.items():
        if why := memorised(values, labels, honest):
            raise InputError(f"{name}: {why}; bring probabilities of models that were not trained on the row")


def cheap(
    head: np.ndarray, near: Neighbours, labels: np.ndarray, together: np.ndarray, classes: int
) -> dict[str, np.ndarray]:
    """The two views that assay makes of any data: (n, K) each, in the order of `CHEAP`."""
    return {HEAD: head, VOTE: neighbour_vote(near, labels, together, classes)}

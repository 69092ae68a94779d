"""Gradient boosting (scikit-learn's histogram trees, after LightGBM, Ke et al., NeurIPS 2017) as a cell that is no
network, on the vectors that the linear model and the mlp look at.

The recipe's knobs, as trees have them: an epoch and a step are one round of boosting, which sees every row (its batch
is all rows); `width` is the most leaves of a tree, `lr` the shrinkage of a round, `l2` the penalty on the leaves'
values, `dropout` the share of columns left out at each split. With `patience` training stops after so many rounds
without a smaller loss on `held_out` of the rows, those that a network would hold out; the last rounds are kept.
Classes that no row has get the probability `FLOOR`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn import functional

from audit.errors import InputError
from train.augment import Augment, floats
from train.fit.loop import Fit
from train.fit.recipe import Recipe
from train.fit.rng import generator, key
from train.fit.stopping import parted

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

NAME = "boosting"
FLOOR = 1e-6
"""The smallest probability said of any class; the logarithm of 0 would make a single surprise infinitely bad."""
NO_STOP = f"{NAME}: no held-out row has a class that is trained on, so training did not stop early"


class Trees(nn.Module):
    """Boosted trees as a model: vectors to log-probabilities of all classes, at least log(`FLOOR`)."""

    def __init__(self, trees: HistGradientBoostingClassifier | None, seen: torch.Tensor, classes: int) -> None:
        """`seen`: the numbers of the classes the trees know, ascending; without trees there is one, and it is certain."""
        super().__init__()
        self.trees = trees
        self.seen = seen
        self.classes = classes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, d) to (n, classes) float64."""
        said = torch.ones((len(x), 1), dtype=torch.float64)
        if self.trees is not None:
            with threadpool_limits(1):
                said = torch.from_numpy(self.trees.predict_proba(_array(x)))
        shares = torch.full((len(x), self.classes), FLOOR, dtype=torch.float64)
        shares[:, self.seen] = said.clamp_min(FLOOR)
        return (shares / shares.sum(dim=1, keepdim=True)).log().to(x.device)


def boost(
    x: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    classes: int,
    recipe: Recipe,
    seed: int,
    augment: Augment | None = None,
) -> Fit:
    """Boost trees on these rows; one thread, the same from the same seed. The arguments are those of `train.fit.loop.fit`.

    Rows of weight 0 are left out. Augmentation adds one augmented copy of the rows; a copy of shared label is there
    once for each class, its weight shared as the label is.
    """
    if x.dim() != 2:
        raise InputError(f"model {NAME} looks at vectors, and the examples are pictures")
    if not (weights > 0).any():
        raise InputError(f"model {NAME}: no row has a weight above 0")
    kept, held = parted(weights, recipe, seed)
    own = (floats(x[kept]), labels[kept], weights[kept])
    inputs, targets, each = own if augment is None else _augmented(*own, classes, augment, seed)
    seen = torch.unique(targets)
    if len(seen) == 1:
        return Fit(Trees(None, seen.cpu(), classes).eval(), 1, 1.0, len(kept))
    held = held[torch.isin(labels[held], seen)]
    trees = _trees(len(kept), recipe, seed, stops=len(held) > 0)
    judged_by = {"X_val": x[held], "y_val": labels[held], "sample_weight_val": weights[held]} if len(held) else {}
    with threadpool_limits(1):
        trees.fit(
            _array(inputs),
            targets.cpu().numpy(),
            sample_weight=_array(each),
            **{name: _array(values) for name, values in judged_by.items()},
        )
    rounds = int(trees.n_iter_)
    notes = (NO_STOP,) if recipe.patience is not None and not len(held) else ()
    return Fit(Trees(trees, seen.cpu(), classes).eval(), rounds, float(rounds), rounds * len(inputs), notes)


def _trees(rows: int, recipe: Recipe, seed: int, *, stops: bool) -> HistGradientBoostingClassifier:
    """Untrained."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=recipe.steps_for(rows),
        learning_rate=recipe.lr,
        max_leaf_nodes=max(2, recipe.width),
        l2_regularization=recipe.l2,
        max_features=1 - recipe.dropout,
        early_stopping=stops,
        n_iter_no_change=recipe.patience or 1,
        tol=0.0,
        random_state=key(seed, NAME) % 2**32,
    )


def _augmented(
    x: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, classes: int, augment: Augment, seed: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The rows, and their augmented copies with a row for each class that a copy's label has a share of."""
    copies, shares = augment(x, functional.one_hot(labels, classes).float(), generator(seed, "augment", 0))
    row, target = torch.nonzero(shares, as_tuple=True)
    each = weights[row] * shares[row, target]
    return torch.cat([x, copies[row]]), torch.cat([labels, target]), torch.cat([weights, each])


def _array(x: torch.Tensor) -> np.ndarray:
    return (x.double() if x.is_floating_point() else x).detach().cpu().numpy()

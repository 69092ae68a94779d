"""Folds in which no copy of a row helps to judge it: duplicate sets and groups are never split."""

from __future__ import annotations

import warnings

import numpy as np

from audit.errors import InputError, some
from audit.neighbours import sets


def blocks(*keys: np.ndarray) -> np.ndarray:
    """(n,) number of the block of rows that must stay together: rows that share any of the keys, directly or by way
    of others. Each key is an (n,) array."""
    n = len(keys[0])
    pairs = []
    for key in keys:
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        pairs.append(np.stack([np.arange(n), first[inverse]], axis=1))
    return sets(np.vstack(pairs), n)


def assign_folds(labels: np.ndarray, together: np.ndarray, *, folds: int = 5, seed: int = 0) -> np.ndarray:
    """(n,) the fold in which each row is held out, stratified by label, blocks kept whole.

    Raises:
        InputError: if a class lives in one block only, so that no fold can both learn it and predict it.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    _each_class_splits(labels, together)
    folds = min(folds, len(np.unique(together)))
    plain = len(np.unique(together)) == len(labels)
    splitter = (StratifiedKFold if plain else StratifiedGroupKFold)(folds, shuffle=True, random_state=seed)
    out = np.empty(len(labels), np.int64)
    with warnings.catch_warnings():
        # a class with fewer rows than folds is spread as far as it goes; _each_class_splits has seen that it can be
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, held) in enumerate(splitter.split(labels, labels, together)):
            out[held] = fold
    return _every_class_learnt(out, labels, together)


def _each_class_splits(labels: np.ndarray, together: np.ndarray) -> None:
    for k in np.unique(labels):
        if len(np.unique(together[labels == k])) < 2:
            raise TooRare(int(k), np.flatnonzero(labels == k))


class TooRare(InputError):
    """A class that no fold can both learn and predict."""

    def __init__(self, class_: int, positions: np.ndarray) -> None:
        self.class_ = class_
        self.positions = positions
        super().__init__(f"class number {class_} has one block of rows only: positions {some(positions)}")


def _every_class_learnt(fold: np.ndarray, labels: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Move a block of every class that lies in one fold only, since the others would never be told about it."""
    out = fold.copy()
    for k in np.unique(labels):
        mine = labels == k
        if len(np.unique(out[mine])) == 1:
            block = together[np.flatnonzero(mine)[0]]
            out[together == block] = (out[mine][0] + 1) % (fold.max() + 1)
    return out

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
    _each_class_splits(labels, together)
    _, place, size = np.unique(together, return_inverse=True, return_counts=True)
    folds = min(folds, len(size), int(np.bincount(labels).max()))
    alone = size[place] == 1
    if not _splits(labels[alone], together[alone], folds):
        return _every_class_learnt(_stratified(labels, together, folds, seed), labels, together, folds)
    # dealing out whole blocks evenly takes long: rows that are a block of their own are dealt out apart
    out = np.empty(len(labels), np.int64)
    out[alone] = _stratified(labels[alone], together[alone], folds, seed)
    if _splits(labels[~alone], together[~alone], folds):
        out[~alone] = _stratified(labels[~alone], together[~alone], folds, seed)
    else:  # few blocks: one after another
        out[~alone] = np.unique(together[~alone], return_inverse=True)[1] % folds
    return _every_class_learnt(out, labels, together, folds)


def _splits(labels: np.ndarray, together: np.ndarray, folds: int) -> bool:
    """Whether there are blocks for every fold, and rows of some class."""
    return len(np.unique(together)) >= folds and int(np.bincount(labels).max()) >= folds


def _stratified(labels: np.ndarray, together: np.ndarray, folds: int, seed: int) -> np.ndarray:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    plain = len(np.unique(together)) == len(labels)
    splitter = (StratifiedKFold if plain else StratifiedGroupKFold)(folds, shuffle=True, random_state=seed)
    out = np.empty(len(labels), np.int64)
    with warnings.catch_warnings():
        # a class with fewer rows than folds is spread as far as it goes; _each_class_splits has seen that it can be
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, held) in enumerate(splitter.split(labels, labels, together)):
            out[held] = fold
    return out


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


def _every_class_learnt(fold: np.ndarray, labels: np.ndarray, together: np.ndarray, folds: int) -> np.ndarray:
    """Move a block of every class that lies in one fold only, since no model would then both learn and predict it.

    A block may hold rows of several classes, so a move is made only if it leaves fewer classes in that state.
    """
    out = fold.copy()
    while len(stuck := _in_one_fold(out, labels)):
        mine = labels == stuck[0]
        moves = ((b, f) for b in np.unique(together[mine]) for f in range(folds) if f != out[mine][0])
        moved = (np.where(together == b, f, out) for b, f in moves)
        better = next((m for m in moved if len(_in_one_fold(m, labels)) < len(stuck)), None)
        if better is None:
            raise TooRare(int(stuck[0]), np.flatnonzero(mine))
        out = better
    return out


def _in_one_fold(fold: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The classes all of whose rows are held out together."""
    pairs = np.unique(np.stack([labels, fold]), axis=1)[0]
    classes, count = np.unique(pairs, return_counts=True)
    return np.asarray(classes[count == 1])

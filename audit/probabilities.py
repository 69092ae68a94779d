"""Class probabilities, which always travel with their class names; made out of fold, or brought by the user."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audit.dataset import label_name
from audit.errors import InputError, UnknownName, some
from audit.files import read_table

L2 = 1e-2
"""Penalty on the mean loss of the linear head, on embeddings of unit mean square."""
ROW_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Probabilities:
    """(n, K) float64, rows that sum to 1, and the class each column is for."""

    values: np.ndarray
    classes: tuple[Hashable, ...]
    name: str = ""
    """What the reports call them; a file's is its stem."""

    def ordered(self, classes: Sequence[Hashable], where: str) -> np.ndarray:
        """The columns in the order of `classes`; InputError if a class has no column or a column no class."""
        own = [label_name(c) for c in self.classes]
        wanted = names_among(own, classes)
        if twice := [c for i, c in enumerate(own) if c in own[:i]]:
            raise InputError(f"{where}: two columns are for class {twice[0]!r}")
        if missing := [c for c in wanted if c not in own]:
            raise UnknownName.of("column for class", missing[0], own, where=where)
        if extra := [c for c in own if c not in wanted]:
            raise InputError(f"{where}: column {extra[0]!r} is no class of the data; classes are {some(wanted, 12)}")
        return self.values[:, [own.index(c) for c in wanted]]


def names_among(own: Sequence[str], classes: Sequence[Hashable]) -> list[str]:
    """What each class is called by columns of these names: as it is written, or as the whole number that it is, since labels
    may be floats where the columns are called by integers."""
    return [str(c) if str(c) in own else label_name(c) for c in classes]


# -- brought by the user -----------------------------------------------------------------------------------------------


def read_probabilities(
    path: Path, *, data_classes: Sequence[Hashable], classes: Sequence[str] | None = None
) -> Probabilities:
    """Read `.npz` (arrays `pred_probs` and `classes`), Parquet (a column a class), or a bare `.npy`.

    A bare array says nothing of its columns: it is taken only where the labels are the integers 0 ... K-1, or where
    `classes` gives the order.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.suffix == ".parquet":
        return _from_parquet(path)
    if path.suffix == ".npz":
        return _from_npz(path)
    if path.suffix != ".npy":
        raise InputError(f"{path}: probabilities are read from .npz, .parquet or .npy")
    values = load_array(path)
    if classes is not None:
        return Probabilities(values, tuple(classes), path.stem)
    if list(data_classes) != list(range(len(data_classes))):
        raise InputError(
            f"{path}: a bare array does not say which column is which class; give --classes in the columns' order, "
            f"or a .npz or Parquet file with names (the data's classes are {some(data_classes, 12)})"
        )
    return Probabilities(values, tuple(data_classes), path.stem)


def load_array(path: Path) -> np.ndarray:
    """Read a .npy file without pickle; InputError names the file when it is broken."""
    try:
        with path.open("rb") as file:  # opened here, since np.load leaves a broken archive open
            array = np.load(file, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as broken:
        raise InputError(f"{path}: not a readable array: {broken}") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path}: not a readable array: it holds several")
    return array


def _from_npz(path: Path) -> Probabilities:
    try:
        # opened here, since np.load leaves a broken archive open
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if set(file.files) != {"pred_probs", "classes"}:
                raise InputError(
                    f"{path}: arrays 'pred_probs' and 'classes' are expected, there is {sorted(file.files)}"
                )
            return Probabilities(file["pred_probs"], tuple(file["classes"].tolist()), path.stem)
    except (
        ValueError,
        TypeError,
        EOFError,
        OSError,
        zipfile.BadZipFile,
    ) as broken:  # TypeError: a .npy by another name
        raise InputError(f"{path}: not a readable archive: {broken}") from None


def _from_parquet(path: Path) -> Probabilities:
    table = read_table(path)
    wrong = [c for c in table.columns if table[c].dtype.kind not in "fiu"]
    if wrong:
        raise InputError(f"{path}: column {wrong[0]!r} does not hold numbers; give one column a class and nothing else")
    return Probabilities(table.to_numpy("float64", na_value=np.nan), tuple(table.columns), path.stem)


def check_probabilities(
    given: Probabilities, labels: np.ndarray, classes: Sequence[Hashable], rows: Sequence[Hashable], where: str
) -> np.ndarray:
    """The user's probabilities as (n, K) float64 in the order of `classes`.

    Raises:
        InputError: naming the row, for a wrong shape, a value that is not finite or negative, or a row that does not
            sum to 1 within `ROW_SUM_TOLERANCE`.
    """
    raw = np.asarray(given.values)
    if raw.ndim != 2 or raw.dtype.kind not in "fiu":
        raise InputError(
            f"{where}: probabilities must be numbers of shape (rows, classes), this is {raw.dtype} {raw.shape}"
        )
    if raw.shape[1] != len(given.classes):
        raise InputError(f"{where}: {raw.shape[1]} columns for {len(given.classes)} classes")
    if len(raw) != len(labels):
        raise InputError(f"{where}: {len(raw):,} rows of probabilities for {len(labels):,} rows of data")
    values = Probabilities(raw.astype("float64"), given.classes).ordered(classes, where)
    for wrong, what in (
        (~np.isfinite(values).all(axis=1), "is not finite"),
        ((values < 0).any(axis=1), "has a negative probability"),
        (np.abs(values.sum(axis=1) - 1) > ROW_SUM_TOLERANCE, "does not sum to 1"),
    ):
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{where}: row {rows[first]} {what} (sum {values[first].sum():.4g}); {int(wrong.sum()):,} such rows"
            )
    return np.asarray(values / values.sum(axis=1, keepdims=True))


# -- out of fold -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Heads:
    """Linear heads, for each fold one that has not seen it."""

    models: Mapping[int, Any]
    classes: int
    size: float
    """Root mean square of the vectors that were learnt from."""

    def __call__(self, vectors: np.ndarray, fold: np.ndarray) -> np.ndarray:
        """(n, K) probabilities of rows by the head that has not seen their fold (n,)."""
        out, scaled = np.zeros((len(fold), self.classes)), vectors / self.size
        for f in np.unique(fold):
            _ask(self.models[int(f)], scaled, fold == f, out)
        return out


def linear_head(
    vectors: np.ndarray, labels: np.ndarray, fold: np.ndarray, classes: int, tick: Callable[[int, int], None]
) -> np.ndarray:
    """(n, K) out-of-fold probabilities of `linear_heads`."""
    return linear_heads(vectors, labels, fold, classes, tick)(vectors, fold)


def linear_heads(
    vectors: np.ndarray, labels: np.ndarray, fold: np.ndarray, classes: int, tick: Callable[[int, int], None]
) -> Heads:
    """Multinomial logistic regression, L2 penalty `L2` on the mean loss, for each fold without it."""
    from sklearn.linear_model import LogisticRegression

    size = max(float(np.sqrt(np.mean(np.square(vectors, dtype="float64")))), 1e-12)

    def fresh(n: int) -> Any:
        return LogisticRegression(C=1 / (L2 * n), max_iter=200, tol=1e-3)

    return Heads(dict(_fitted(fresh, vectors / size, labels, fold, tick)), classes, size)


def out_of_fold(
    fresh: Callable[[int], Any],
    vectors: Any,
    labels: np.ndarray,
    fold: np.ndarray,
    classes: int,
    tick: Callable[[int, int], None],
) -> np.ndarray:
    """(n, K) probabilities of each row by a classifier `fresh(rows it learns from)` that has not seen its fold."""
    out = np.zeros((len(labels), classes))
    for f, model in _fitted(fresh, vectors, labels, fold, tick):
        _ask(model, vectors, fold == f, out)
    return out


def _fitted(
    fresh: Callable[[int], Any], vectors: Any, labels: np.ndarray, fold: np.ndarray, tick: Callable[[int, int], None]
) -> Iterator[tuple[int, Any]]:
    """For each fold a classifier fitted to the others, one at a time."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    held = np.unique(fold)
    for done, f in enumerate(held, 1):
        learn = fold != f
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a head stopped early still ranks; calibration follows
            model = fresh(int(learn.sum())).fit(vectors[learn], labels[learn])
        yield int(f), model
        tick(done, len(held))


def _ask(model: Any, vectors: Any, held: np.ndarray, out: np.ndarray) -> None:
    """Write what a classifier says of some rows into (n, K)."""
    out[np.ix_(held, np.asarray(model.classes_, dtype=np.int64))] = model.predict_proba(vectors[held])


def geometric_mean(views: Sequence[np.ndarray]) -> np.ndarray:
    """(n, K) normalised geometric mean of several probabilities of the same rows."""
    logs = sum(np.log(np.maximum(v, 1e-12)) for v in views) / len(views)
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))

"""When the test labels are themselves doubtful: accuracy and differences, corrected by a few hundred verified rows.

A wrong test label punishes the model that was right and pays the one that repeats the error, so a noisy test set
understates what cleaning is worth. Rows drawn at random whose label somebody has adjudicated correct that
(prediction-powered inference: Angelopoulos, Duchi and Zrnic, PPI++, arXiv 2311.01453, 2023): two stand-ins for the
truth that all rows have, their given labels and the votes of all the models, say most, and the verified rows say by how
much they mislead.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError, UnknownName, some
from audit.render.words import between, count, plural, share
from audit.report import Report
from audit.sources import read
from train.judge.intervals import family
from train.judge.statistics import Difference, crossed

FEWEST_VERIFIED = 50
"""Below this an interval by normal theory covers too little: a handful of rows carries the whole correction."""
ROW_COLUMN, LABEL_COLUMN = "row", "label"
"""What a file of verified rows has: a row id of the test set and its true label, under these names or the test set's."""
SURELY = 0.001
"""How improbable a draw at random must be before we say that the rows do not look like one."""


@dataclass(frozen=True, eq=False)
class Verified:
    """Rows of the test set with their true labels. They must have been drawn at random from the whole test set, which
    no program can see from the rows: rows chosen because they looked wrong bias every number that is made of them."""

    positions: np.ndarray
    """(n,) int64 positions in the test set."""
    labels: np.ndarray
    """(n,) int64 true class numbers."""
    noise: float
    """Share of the verified rows whose given label is not the true one."""

    def __len__(self) -> int:
        return len(self.positions)


def read_verified(path: Path, test: Dataset) -> Verified:
    """Read adjudicated rows of `test` from a table that `load` reads (CSV, Parquet, ...): ids in a column `row` or
    called as the test set's ids are, true labels in a column `label` or called as the test set's labels are.

    Raises:
        InputError: if the file cannot be read, a cell is empty, a row is named twice, or the rows are too few.
        UnknownName: if a column, a row id or a class is not there; says what is near.
    """
    table = read(path).table.reset_index(drop=True)
    ids = _column(table, ROW_COLUMN, test.roles.id, path)
    labels = _column(table, LABEL_COLUMN, test.roles.label, path)
    return verified(list(zip(ids.tolist(), labels.tolist(), strict=True)), test, where=str(path))


def _column(table: pd.DataFrame, name: str, other: str | None, path: Path) -> pd.Series:
    found = next((n for n in (name, other) if n in table.columns), None)
    if found is None:
        raise UnknownName.of("column", name, table.columns, where=str(path))
    gaps = table.index[table[found].isna()]
    if len(gaps):
        raise InputError(f"{path}: column {found!r} is empty in {len(gaps):,} of {len(table):,} lines: {some(gaps)}")
    return table[found]


def verified(truth: Sequence[tuple[Hashable, Hashable]], test: Dataset, *, where: str = "verified rows") -> Verified:
    """(row id, true label) pairs, looked up in `test`; both are compared as they are written."""
    if len(truth) < FEWEST_VERIFIED:
        raise InputError(
            f"{where}: {plural(len(truth), 'row')}; at least {FEWEST_VERIFIED}, drawn at random, are needed"
        )
    place = {_written(r): i for i, r in enumerate(test.rows)}
    number = {_written(c): k for k, c in enumerate(test.classes)}
    for row, label in truth:
        if _written(row) not in place:
            raise UnknownName.of("row", row, test.rows, where=f"{where}: {test.name}")
        if _written(label) not in number:
            raise UnknownName.of("class", label, test.classes, where=f"{where}: row {row}")
    positions = np.array([place[_written(r)] for r, _ in truth], dtype=np.int64)
    ascending = np.argsort(positions, kind="stable")  # the file's order changes nothing, not even the last bit
    labels = np.array([number[_written(v)] for _, v in truth], dtype=np.int64)[ascending]
    positions = positions[ascending]
    if (twice := np.unique(positions[1:][np.diff(positions) == 0])).size:
        raise InputError(f"{where}: named twice: row {some(test.rows[twice])}; a row has one true label")
    return Verified(positions, labels, float((test.labels[positions] != labels).mean()))


def _written(value: object) -> str:
    """An id or class as files write it: 3, 3.0 and "3" are one, and so are True and "true"."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    return text.lower() if text.lower() in ("true", "false") else text


# -- corrected numbers -------------------------------------------------------------------------------------------------


Predicted = tuple[np.ndarray, np.ndarray]
"""Class numbers that a model and its baseline predict: (S, T) each, a line a seed, over the same seeds."""


def corrected_differences(pairs: Sequence[Predicted], labels: np.ndarray, truth: Verified) -> list[Difference]:
    """The paired difference in accuracy against the true labels of every (model, baseline) of a family.

    Args:
        pairs: predicted class numbers of model and baseline.
        labels: (T,) the test set's given class numbers.
        truth: the verified rows.
    """
    votes = _family_votes(pairs)
    matrices = [_difference(pair, votes, labels, truth) for pair in pairs]
    return [_with_few_rows(found, len(truth)) for found in family(matrices)]


def corrected_accuracies(pairs: Sequence[Predicted], labels: np.ndarray, truth: Verified) -> list[Difference]:
    """The accuracy against the true labels of every model of a family: its baseline's and its difference from that, so
    that accuracies differ by what `corrected_differences` says. Arguments are the same."""
    votes = _family_votes(pairs)
    matrices = [_accuracy(p[1], votes, labels, truth) + _difference(p, votes, labels, truth) for p in pairs]
    return [_with_few_rows(crossed(m), len(truth)) for m in matrices]


def _accuracy(predicted: np.ndarray, votes: np.ndarray, labels: np.ndarray, truth: Verified) -> np.ndarray:
    true = _right(predicted[:, truth.positions], truth.labels)
    return powered([_right(predicted, labels), _agreement(predicted, votes)], true, truth.positions)


def _difference(pair: Predicted, votes: np.ndarray, labels: np.ndarray, truth: Verified) -> np.ndarray:
    model, baseline = pair
    rows = truth.positions
    by_label = _right(model, labels) - _right(baseline, labels)
    by_vote = _agreement(model, votes) - _agreement(baseline, votes)
    true = _right(model[:, rows], truth.labels) - _right(baseline[:, rows], truth.labels)
    return powered([by_label, by_vote], true, rows)


def _right(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray(predicted == labels[None], dtype=float)


def _votes(predicted: np.ndarray) -> np.ndarray:
    """(T, K) share of the models that predict each class for each row."""
    classes = int(predicted.max()) + 1
    return np.stack([(predicted == k).mean(axis=0) for k in range(classes)], axis=1)


def _family_votes(pairs: Sequence[Predicted]) -> np.ndarray:
    """The votes of all models of a family; a baseline that is in every pair votes once."""
    return _votes(np.unique(np.concatenate([predicted for pair in pairs for predicted in pair]), axis=0))


def _agreement(predicted: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """(S, T) share of the votes for what is predicted."""
    return np.asarray(votes[np.arange(len(votes))[None], predicted])


def powered(standing_in: Sequence[np.ndarray], true: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(S, T) matrix whose mean is the prediction-powered mean of `true`, and whose spread over seeds and over rows is
    that of this mean, so that it is judged as any matrix of differences is.

    With y the true values and f = sum_j lambda_j f_j, the mean is mean_V(y - f) + mean_T(f), V the verified rows among
    all T. As V is drawn from T, its variance over rows is least where lambda is the least-squares fit of y by the f_j.

    Args:
        standing_in: values known for every row, (S, T) each: by the given labels, by the models' votes.
        true: (S, n) values by the true labels, of the verified rows.
        positions: (n,) which of the T rows those are.
    """
    power = _powers([f[:, positions].mean(axis=0) for f in standing_in], true.mean(axis=0))
    out = np.asarray(sum(a * f for a, f in zip(power, standing_in, strict=True)))
    rectifier = true - out[:, positions]
    level = float(rectifier.mean())
    weighed = (rectifier - level) * (out.shape[1] / len(positions))
    out = out + level
    out[:, positions] += weighed
    return out


def _powers(standing_in: Sequence[np.ndarray], true: np.ndarray) -> list[float]:
    """The lambda of `powered`, from each verified row's mean over seeds."""
    centred = np.stack([f - f.mean() for f in standing_in], axis=1)
    found: list[float] = np.linalg.lstsq(centred, true - true.mean(), rcond=None)[0].tolist()
    return found


def _with_few_rows(found: Difference, n: int) -> Difference:
    """Widened for the mean and the two lambdas, which are fitted to the same n verified rows."""
    error = found.error * math.sqrt((n - 1) / (n - 3))
    return Difference(found.mean, error, min(found.freedom, n - 3.0), found.seed_variance, found.seeds)


# -- what the audit of the test set says -------------------------------------------------------------------------------


def noise_in_words(report: Report) -> str:
    """What an audit of the test set says of its labels, for those who have no verified rows; '' when none looks
    wrong."""
    found = report["labels"] if "labels" in report.checks else None
    if found is None or found.status != "ran":
        why = f" ({found.why})" if found is not None and found.why else ""
        return (
            f"Nobody checked the labels of the test set{why}; wrong ones make differences look smaller than they are."
        )
    measures = found.measures
    if not measures["count"]:
        return ""
    said = between(measures["rate_low"], measures["rate_high"])
    return (
        f"An estimated {count(int(measures['count']))} of the {count(report.dataset.rows)} test labels are wrong: "
        f"{share(measures['rate'])} ({said}). Wrong test labels make differences look smaller than they are: check a "
        f"few hundred test rows, drawn at random, and hand them in with --verified."
    )


def chosen_in_words(truth: Verified, test: Dataset, report: Report) -> str:
    """Says so when the audit of the test set flags so many or so few of the verified rows that they can hardly have
    been drawn at random; '' is no proof that they were."""
    from scipy.stats import hypergeom

    flagged = test.rows.isin(report["labels"].flagged) if "labels" in report.checks else np.zeros(len(test), dtype=bool)
    seen, n = int(flagged[truth.positions].sum()), len(truth)
    chance = hypergeom(len(test), int(flagged.sum()), n)
    if 2 * min(chance.sf(seen - 1), chance.cdf(seen)) >= SURELY:
        return ""
    return (
        f"The audit flags {count(seen)} of the {count(n)} verified rows and {share(float(flagged.mean()))} of the test "
        f"set: they do not look drawn at random, and rows chosen otherwise bias what is corrected by them."
    )

"""Probabilities travel with their class names, and nothing odd about them passes."""

import numpy as np
import pandas as pd
import pytest
from toy import noisy_probabilities

from audit.errors import InputError, UnknownName
from audit.evidence.folds import assign_folds
from audit.probabilities import (
    Probabilities,
    check_probabilities,
    geometric_mean,
    linear_head,
    out_of_fold,
    read_probabilities,
)

CLASSES = ("a", "b", "c")
LABELS = np.arange(30) % 3
ROWS = [f"r{i}" for i in range(30)]


def good() -> np.ndarray:
    return noisy_probabilities(LABELS, 3)


def checked(values: np.ndarray, classes=CLASSES) -> np.ndarray:
    return check_probabilities(Probabilities(values, classes), LABELS, CLASSES, ROWS, "p.npz")


def quiet(done: int, total: int) -> None:
    """Nothing is shown."""


# -- what is refused


@pytest.mark.parametrize(
    ("value", "said"),
    [(np.nan, "is not finite"), (np.inf, "is not finite"), (-0.2, "has a negative"), (0.9999, "does not sum to 1")],
)
def test_a_row_that_is_no_distribution_is_refused_by_its_id(value, said):
    values = good()
    values[7, 1] = value
    with pytest.raises(InputError, match=rf"p.npz: row r7 {said}.*1 such rows"):
        checked(values)


def test_rows_that_sum_to_one_within_rounding_are_normalised():
    values = good() * (1 + 5e-4)
    out = checked(values)
    assert out.sum(axis=1) == pytest.approx(np.ones(30), abs=1e-12)
    assert out == pytest.approx(good())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (good()[:-1], "29 rows of probabilities for 30 rows of data"),
        (good()[:, :2], "2 columns for 3 classes"),
        (good()[:, 0], "shape"),
        (good().astype(str), "must be numbers"),
        (good().astype(object), "must be numbers"),
    ],
)
def test_a_wrong_shape_or_kind_is_refused(values, said):
    with pytest.raises(InputError, match=said):
        checked(values)


def test_named_columns_in_another_order_are_put_in_the_data_s():
    assert checked(good()[:, [2, 0, 1]], ("c", "a", "b")) == pytest.approx(good())


@pytest.mark.parametrize(
    ("columns", "classes"),
    [((1, 0), (0.0, 1.0)), ((1.0, 0.0), (0, 1)), (("1", "0"), (0.0, 1.0)), (("1.0", "0.0"), (0.0, 1.0))],
)
def test_a_whole_number_calls_a_class_whether_it_is_written_as_a_float_or_not(columns, classes):
    values = good()[:, :2]
    assert Probabilities(values, columns, "p").ordered(classes, "p").tolist() == values[:, ::-1].tolist()


def test_a_class_without_a_column_and_a_column_without_a_class_are_named():
    with pytest.raises(UnknownName, match="no column for class 'c'; there is a, b, d"):
        checked(good(), ("a", "b", "d"))
    with pytest.raises(InputError, match="column 'd' is no class of the data"):
        checked(np.hstack([good(), np.zeros((30, 1))]), ("a", "b", "c", "d"))


def test_two_columns_for_one_class_are_refused():
    with pytest.raises(InputError, match="two columns are for class 'b'"):
        checked(np.hstack([good(), np.zeros((30, 1))]), ("a", "b", "c", "b"))


def test_weak_probabilities_in_the_right_order_are_taken():
    rng = np.random.default_rng(0)
    values = rng.dirichlet(np.ones(3), 30)
    assert checked(values) == pytest.approx(values)


def test_checking_changes_nothing():
    values = good()
    before = values.copy()
    checked(values)
    assert np.array_equal(values, before)


# -- files


def test_a_named_archive_and_a_table_are_read_with_their_classes(tmp_path):
    np.savez(tmp_path / "p.npz", pred_probs=good(), classes=np.array(CLASSES))
    pd.DataFrame(good(), columns=list(CLASSES)).to_parquet(tmp_path / "p.parquet")
    for name in ("p.npz", "p.parquet"):
        read = read_probabilities(tmp_path / name, data_classes=CLASSES)
        assert read.classes == CLASSES
        assert read.values == pytest.approx(good())


def test_a_bare_array_is_read_only_where_its_columns_are_known(tmp_path):
    np.save(tmp_path / "p.npy", good())
    assert read_probabilities(tmp_path / "p.npy", data_classes=(0, 1, 2)).classes == (0, 1, 2)
    assert read_probabilities(tmp_path / "p.npy", data_classes=CLASSES, classes=["b", "c", "a"]).classes == (
        "b",
        "c",
        "a",
    )
    for classes in (CLASSES, (1, 2, 3), ("0", "1", "2")):
        with pytest.raises(InputError, match="does not say which column is which class"):
            read_probabilities(tmp_path / "p.npy", data_classes=classes)


def test_missing_cells_of_a_table_are_found_as_not_finite(tmp_path):
    table = pd.DataFrame(good(), columns=list(CLASSES)).convert_dtypes()
    table.loc[4, "b"] = pd.NA
    table.to_parquet(tmp_path / "p.parquet")
    read = read_probabilities(tmp_path / "p.parquet", data_classes=CLASSES)
    with pytest.raises(InputError, match="row r4 is not finite"):
        checked(read.values)


def test_a_table_with_a_column_of_words_is_refused(tmp_path):
    pd.DataFrame(good(), columns=list(CLASSES)).assign(row=ROWS).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(InputError, match="column 'row' does not hold numbers"):
        read_probabilities(tmp_path / "p.parquet", data_classes=CLASSES)


@pytest.mark.parametrize("name", ["p.npz", "p.npy", "p.parquet"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rest", b"\x93NUMPY\x01"])
def test_a_broken_file_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: not a readable"):
        read_probabilities(tmp_path / name, data_classes=(0, 1, 2))


def test_an_array_by_the_name_of_an_archive_is_refused(tmp_path):
    with (tmp_path / "p.npz").open("wb") as file:
        np.save(file, good())
    with pytest.raises(InputError, match=r"p.npz: not a readable archive"):
        read_probabilities(tmp_path / "p.npz", data_classes=CLASSES)


def test_an_archive_of_other_arrays_and_other_suffixes_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", probs=good())
    with pytest.raises(InputError, match=r"'pred_probs' and 'classes' are expected, there is \['probs'\]"):
        read_probabilities(tmp_path / "p.npz", data_classes=CLASSES)
    (tmp_path / "p.csv").write_text("a")
    with pytest.raises(InputError, match=r"are read from .npz, .parquet or .npy"):
        read_probabilities(tmp_path / "p.csv", data_classes=CLASSES)
    with pytest.raises(InputError, match="no such file"):
        read_probabilities(tmp_path / "gone.npz", data_classes=CLASSES)


# -- made here


def vectors(n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return (np.eye(3)[labels] * 3 + rng.normal(0, 1, (n, 3))).astype("float32"), labels


def test_each_row_is_judged_by_a_model_that_has_not_seen_its_fold():
    seen: list[set] = []

    class Recorder:
        def __init__(self, rows: int) -> None:
            self.rows = rows

        def fit(self, x, y):
            self.classes_ = np.unique(y)
            self.seen = set(x[:, 0].tolist())
            seen.append(self.seen)
            assert len(x) == self.rows
            return self

        def predict_proba(self, x):
            assert self.seen.isdisjoint(x[:, 0].tolist())
            return np.full((len(x), len(self.classes_)), 1 / len(self.classes_))

    labels = np.array([0, 0, 0, 2, 2, 2])
    out = out_of_fold(Recorder, np.arange(6.0)[:, None], labels, np.array([0, 1, 2, 0, 1, 2]), 3, quiet)
    assert len(seen) == 3
    assert np.array_equal(out, np.tile([0.5, 0.0, 0.5], (6, 1)))


def test_the_linear_head_is_right_out_of_fold_and_does_not_depend_on_scale():
    x, labels = vectors()
    fold = assign_folds(labels, np.arange(90))
    out = linear_head(x, labels, fold, 3, quiet)
    assert out.sum(axis=1) == pytest.approx(np.ones(90))
    assert (out.argmax(axis=1) == labels).mean() > 0.85
    assert linear_head(x * 1000, labels, fold, 3, quiet) == pytest.approx(out, abs=1e-3)


def test_progress_is_told_fold_by_fold():
    x, labels = vectors(30)
    told: list = []
    linear_head(x, labels, np.arange(30) // 3 % 5, 3, lambda done, total: told.append((done, total)))
    assert told == [(i, 5) for i in range(1, 6)]


def test_the_geometric_mean_of_one_view_is_that_view():
    assert geometric_mean([good()]) == pytest.approx(good())


def test_the_geometric_mean_is_normalised_and_a_zero_in_one_view_weighs():
    one, other = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.8, 0.2], [0.5, 0.5]])
    mean = geometric_mean([one, other])
    assert mean.sum(axis=1) == pytest.approx([1, 1])
    assert mean[0] == pytest.approx([2 / 3, 1 / 3])
    assert mean[1, 1] < 1e-5

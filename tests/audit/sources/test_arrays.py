"""Arrays in .npz files."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.sources import load

Y = np.array([0, 1, 0, 1])


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.fixture
def npz(tmp_path):
    return tmp_path / "d.npz"


@pytest.mark.parametrize(("x", "y"), [("X", "y"), ("x", "y"), ("features", "labels"), ("data", "targets")])
def test_features_become_columns(npz, x, y):
    data = load(save(npz, **{x: np.arange(8.0).reshape(4, 2), y: Y}))

    assert data.roles.features == ("x0", "x1")
    assert data.labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 6, 3)])
def test_bytes_with_height_and_width_are_pictures(npz, shape):
    data = load(save(npz, images=np.zeros(shape, np.uint8), labels=Y))

    assert data.images.shape == (4, 5, 6, shape[3] if len(shape) == 4 else 1)
    assert data.roles.features == ()


def test_words_are_texts(npz):
    data = load(save(npz, X=np.array(["a", "b", "c", "d"]), y=np.array(["u", "v", "u", "v"])))

    assert data.texts == ["a", "b", "c", "d"]
    assert data.classes == ("u", "v")


def test_a_column_of_labels_is_as_good_as_a_row(npz):
    assert load(save(npz, X=np.ones((4, 1)), y=Y[:, None])).labels.tolist() == [0, 1, 0, 1]


def test_another_value_a_row_is_a_column_without_a_role(npz):
    data = load(save(npz, X=np.ones((4, 1)), y=Y, person=np.arange(4), note=np.arange(3)))

    assert list(data.table.columns) == ["x0", "y", "person"]
    assert load(npz, group="person").roles.group == "person"


def test_a_split_is_chosen_by_its_name(npz):
    save(npz, x_train=np.ones((4, 2)), y_train=Y, x_test=np.ones((2, 2)), y_test=Y[:2])

    assert len(load(f"{npz}?split=train")) == 4
    assert len(load(f"{npz}?split=test")) == 2


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"x_train": Y, "y_train": Y, "x_test": Y, "y_test": Y},
            r"holds the splits test, train; choose one: .*\?split=train",
        ),
        ({"X": np.ones((4, 2))}, "no array y .*; it holds X"),
        ({"X": np.ones((4, 2)), "features": np.ones((4, 2)), "y": Y}, "X and features could each be X"),
        ({"X": np.ones((3, 2)), "y": Y}, r"lengths differ: float64 \(3, 2\) for 4 labels"),
        ({"X": np.ones((4, 2)), "y": np.eye(4)}, r"y is float64 \(4, 4\)"),
        ({"X": np.ones((4, 2, 2)), "y": Y}, r"uint8 pictures or \(n,\) words; it is float64 \(4, 2, 2\)"),
        ({"X": np.array([[1.0], [np.inf], [2], [3]]), "y": Y}, "column 'x0' is infinite in row 1"),
        ({"X": np.ones((4, 2)), "y": Y, "x1": Y}, "array 'x1' has the name of a feature column"),
        ({"X": np.ones((4, 2)), "y": np.array([0.0, np.nan, 1, 1])}, "has no label in 1 of 4 rows"),
    ],
)
def test_arrays_that_do_not_fit_are_named(npz, arrays, said):
    with pytest.raises(InputError, match=said):
        load(save(npz, **arrays))


def test_python_objects_are_never_unpickled(npz):
    np.savez(npz, X=np.array([{}, {}, {}, {}], dtype=object), y=Y, allow_pickle=True)

    with pytest.raises(InputError, match=r"d.npz: array 'X' holds Python objects"):
        load(npz)


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_broken_file_is_named(npz, keep):
    save(npz, X=np.ones((4, 20)), y=Y)
    npz.write_bytes(npz.read_bytes()[:keep])

    with pytest.raises(InputError, match=r"d\.npz: "):
        load(npz)


def test_an_npy_file_has_no_labels_and_says_what_to_do(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((4, 2)))

    with pytest.raises(InputError, match=r"x.npy: one array has no labels; put both into an .npz"):
        load(tmp_path / "x.npy")

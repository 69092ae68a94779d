"""Vectors are made from the data alone, of one width, and the same every time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy import pictures_of, table_of, texts_of

from audit.dataset import Dataset, Roles
from audit.errors import InputError, UnknownName
from audit.evidence.backbone import Backbone
from audit.evidence.embeddings import DIMENSIONS, check_embeddings, describe, embed


def mixed(n: int = 60, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "number": rng.normal(0, 1, n),
            "holed": np.where(rng.random(n) < 0.2, np.nan, rng.normal(5, 2, n)),
            "colour": rng.choice(["red", "green", "blue"], n),
            "street": [f"{i * 37 % 101} {'north' if i % 2 else 'south'} road" for i in range(n)],
            "day": pd.date_range("2024-01-01", periods=n).to_series(index=range(n)),
            "yes": rng.random(n) < 0.5,
            "same": 1.0,
            "label": np.where(np.arange(n) % 2, "a", "b"),
        }
    )
    return Dataset("mixed", table, Roles(label="label", features=tuple(table.columns[:-1])), ("a", "b"))


ALL_KINDS = pytest.mark.parametrize("kind", ["table", "mixed", "text", "image"])


@pytest.fixture
def data(kind, clean, notes, tiles) -> Dataset:
    return {"table": clean, "mixed": mixed(), "text": notes, "image": tiles}[kind]


@ALL_KINDS
def test_one_seed_gives_one_result_and_the_data_stays_as_it_was(data):
    table = data.table.copy(deep=True)
    (one,), (other,) = embed(data, seed=3), embed(data, seed=3)
    assert np.array_equal(one, other)
    assert one.dtype == np.float32
    assert one.shape[0] == len(data)
    assert one.shape[1] <= DIMENSIONS
    assert np.isfinite(one).all()
    pd.testing.assert_frame_equal(data.table, table)


@ALL_KINDS
def test_others_are_put_in_the_space_of_the_data_alone(data):
    (alone,) = embed(data)
    together, other = embed(data, data.take(data.rows[:5]))
    assert np.array_equal(alone, together)
    assert other == pytest.approx(together[:5], abs=1e-4)


@ALL_KINDS
def test_labels_are_not_looked_at(data):
    flipped = data.relabelled(dict.fromkeys(data.rows, data.classes[0]))
    assert np.array_equal(embed(data)[0], embed(flipped)[0])


@ALL_KINDS
def test_how_the_vectors_are_made_is_said(data):
    assert len(describe(data)) > 10


def test_equal_rows_have_equal_vectors():
    data = mixed()
    twice = Dataset("d", pd.concat([data.table, data.table.iloc[:4]], ignore_index=True), data.roles, data.classes)
    (vectors,) = embed(twice)
    assert np.array_equal(vectors[:4], vectors[60:])


def test_a_missing_number_is_neither_low_nor_high_and_leaves_a_mark():
    values = np.random.default_rng(0).normal(0, 1, (40, 2))
    values[3, 0] = np.nan
    (vectors,) = embed(table_of(values, ["a", "b"] * 20))
    assert vectors.shape == (40, 3)
    assert abs(vectors[3, 0]) < 1
    assert vectors[3, 2] == vectors[:, 2].max() > vectors[0, 2]


@pytest.mark.parametrize("values", [np.ones((40, 1)), np.arange(40.0)[:, None], np.ones((40, 3))])
def test_one_feature_and_constant_features_have_vectors(values):
    (vectors,) = embed(table_of(values, ["a", "b"] * 20))
    assert vectors.shape == values.shape
    assert np.isfinite(vectors).all()


def test_a_column_without_a_value_is_left_out_and_no_value_at_all_is_an_error():
    holed = np.column_stack([np.arange(40.0), np.full(40, np.nan)])
    assert embed(table_of(holed, ["a", "b"] * 20))[0].shape == (40, 1)
    with pytest.raises(InputError, match="no feature column holds a value"):
        embed(table_of(np.full((40, 2), np.nan), ["a", "b"] * 20))


def test_no_feature_columns_are_an_error():
    with pytest.raises(InputError, match="no feature columns"):
        embed(Dataset("d", pd.DataFrame({"label": ["a", "b"]}), Roles(label="label"), ("a", "b")))


def test_a_value_first_seen_in_the_reference_is_no_hindrance():
    data = mixed()
    other = data.table.iloc[:3].assign(colour="violet", number=np.nan)
    vectors = embed(data, Dataset("ref", other, data.roles, data.classes))
    assert vectors[1].shape == (3, vectors[0].shape[1])
    assert np.isfinite(vectors[1]).all()


@pytest.mark.parametrize(
    "texts", [["😀", "😃", "😄", "😁"], ["!!!", "???", "a b", "..."], ["one", "", None, "two"], ["é", "é", "ß", "x"]]
)
def test_texts_of_few_or_odd_signs_have_vectors(texts):
    (vectors,) = embed(texts_of(texts, ["a", "b", "a", "b"]))
    assert vectors.shape[0] == 4
    assert np.isfinite(vectors).all()


def test_texts_without_a_sign_are_an_error_that_says_so():
    with pytest.raises(InputError, match="no text holds a word"):
        embed(texts_of(["", " ", None, "\t"], ["a", "b", "a", "b"]))


def test_a_coloured_reference_of_grey_pictures_is_no_hindrance():
    grey = pictures_of()
    coloured = Dataset("ref", grey.table, grey.roles, grey.classes, images=np.repeat(grey.images, 3, axis=3))
    one, other = embed(grey, coloured)
    assert one.shape == other.shape
    assert one == pytest.approx(other, abs=1e-5)


def test_pictures_that_look_alike_lie_close_together():
    tiles = pictures_of()
    (vectors,) = embed(tiles)
    top = (tiles.given == "top").to_numpy()
    middles = vectors[top].mean(axis=0), vectors[~top].mean(axis=0)
    to_own = np.linalg.norm(vectors[top] - middles[0], axis=1).mean()
    to_other = np.linalg.norm(vectors[top] - middles[1], axis=1).mean()
    assert to_own < 0.7 * to_other


# -- brought along


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ones(5), "must be numbers of shape"),
        (np.ones((5, 2, 2)), "must be numbers of shape"),
        (np.array([["a"]] * 5), "must be numbers of shape"),
        (np.ones((4, 2)), "4 embeddings for 5 rows"),
        (np.array([[1.0], [2.0], [np.nan], [np.inf], [1.0]]), r"row 2 is not finite \(2 such rows\)"),
        (np.array([[1.0], [1e300], [0], [0], [0]]), "row 1 is not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_embeddings_that_do_not_fit_are_refused(values, said):
    with pytest.raises(InputError, match=said):
        check_embeddings(values, 5, "e.npy")


def test_embeddings_of_whole_numbers_are_taken():
    assert check_embeddings(np.arange(10).reshape(5, 2), 5, "e.npy").dtype == np.float32


def test_a_backbone_needs_a_name_and_a_file(tmp_path):
    with pytest.raises(UnknownName, match=r"no backbone 'resnet17'; .*did you mean 'resnet1"):
        embed(pictures_of(4), backbone=Backbone("resnet17", Path("x")))
    with pytest.raises(InputError, match=r"w.pt: no such file"):
        embed(pictures_of(4), backbone=Backbone("squeezenet1_1", tmp_path / "w.pt"))


def test_a_file_that_holds_no_weights_is_refused_in_a_line(tmp_path):
    (tmp_path / "w.pt").write_text("garbage")
    with pytest.raises(InputError, match=r"w.pt: not a file of weights that torch.save wrote$"):
        embed(pictures_of(4), backbone=Backbone("squeezenet1_1", tmp_path / "w.pt"))

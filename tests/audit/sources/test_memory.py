"""Tables, arrays and torch Datasets that are in memory already."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from PIL import Image

from audit.errors import InputError
from audit.sources import load

COLUMNS = {"a": [1, 2, 3], "label": ["u", "v", "u"]}


def test_a_table_is_the_same_whoever_holds_it():
    same = {load(t).fingerprint for t in (pd.DataFrame(COLUMNS), pa.table(COLUMNS), pl.DataFrame(COLUMNS))}

    assert len(same) == 1


def test_the_index_of_a_pandas_table_is_its_row_ids():
    assert list(load(pd.DataFrame(COLUMNS, index=["p", "q", "r"])).rows) == ["p", "q", "r"]


def test_the_table_that_is_handed_in_stays_as_it_was():
    table = pd.DataFrame(COLUMNS)
    load(table).relabelled({0: "v"})

    pd.testing.assert_frame_equal(table, pd.DataFrame(COLUMNS))


def test_a_pair_of_arrays_is_examples_and_labels():
    assert load((np.ones((3, 2)), [0, 1, 0])).roles.features == ("x0", "x1")
    assert load((["p", "q", "r"], ["u", "v", "u"])).texts == ["p", "q", "r"]
    assert load((pd.DataFrame({"a": [1, 2, 3]}), [0, 1, 0])).roles.features == ("a",)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (pd.DataFrame(COLUMNS, index=[1, 1, 2]), "the index names rows twice: 1"),
        (pd.DataFrame(COLUMNS, index=[1, None, 2]), "the index has a missing id"),
        (pd.DataFrame(COLUMNS, index=pd.Index([1, "b", 2], dtype=object)), "the index mixes int and str"),
        (pd.DataFrame(COLUMNS, index=pd.MultiIndex.from_arrays([[1, 2, 3]] * 2)), "several levels"),
        (pd.DataFrame([[1, 2, "u"]], columns=["a", "a", "label"]), "two columns are called 'a'"),
        (pd.DataFrame({"a": [], "label": []}), "no rows; columns are a, label"),
        ((np.ones((3, 2)), [0, 1]), "lengths differ"),
        ((pd.DataFrame({"a": [1, 2]}), [0, 1, 1]), "lengths differ"),
        (([[1, 2], [3]], [0, 1]), "the rows of X differ in length"),
        (([object(), object()], [0, 1]), "X holds Python objects"),
    ],
)
def test_what_cannot_be_a_dataset_is_said(where, said):
    with pytest.raises(InputError, match=said):
        load(where)


class Pairs(torch.utils.data.Dataset):
    def __init__(self, pairs, classes=None):
        self.pairs = pairs
        if classes is not None:
            self.classes = classes

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, place):
        return self.pairs[place]


def test_a_torch_dataset_of_pictures_is_an_array_of_pictures():
    pil = load(Pairs([(Image.new("RGB", (5, 4), (255, 0, 0)), 0), (Image.new("RGB", (5, 4)), 1)]))
    tensors = load(Pairs([(torch.zeros(3, 4, 5), torch.tensor(0)), (torch.ones(3, 4, 5), torch.tensor(1))]))

    assert pil.images.shape == tensors.images.shape == (2, 4, 5, 3)
    assert tensors.images[1].min() == 255


def test_class_names_of_a_torch_dataset_are_used_in_their_order():
    data = load(Pairs([(torch.zeros(1, 2, 2), 0), (torch.zeros(1, 2, 2), 1)], classes=["zebra", "ant"]))

    assert data.classes == ("zebra", "ant")
    assert data.given.tolist() == ["zebra", "ant"]


def test_class_names_that_are_only_numbers_spelled_out_leave_numbers():
    data = load(Pairs([(torch.zeros(1, 2, 2), 0), (torch.zeros(1, 2, 2), 1)], classes=["0 - zero", "1 - one"]))

    assert data.classes == (0, 1)


def test_vectors_in_a_torch_dataset_are_features():
    assert load(Pairs([(torch.ones(3), 0), (torch.ones(3), 1)])).roles.features == ("x0", "x1", "x2")


def test_pictures_of_several_sizes_are_kept_encoded():
    data = load(Pairs([(Image.new("L", (5, 4)), 0), (Image.new("L", (6, 4)), 1)]))

    assert data.roles.image == "image"


def test_normalised_pixels_are_refused_by_row():
    with pytest.raises(InputError, match="row 1: pixels are outside 0 … 1"):
        load(Pairs([(torch.zeros(1, 2, 2), 0), (torch.full((1, 2, 2), -1.0), 1)]))


@pytest.mark.parametrize(("pairs", "said"), [([], "no rows"), ([torch.zeros(3)] * 2, "every item must be")])
def test_a_torch_dataset_that_holds_no_pairs_is_refused(pairs, said):
    with pytest.raises(InputError, match=said):
        load(Pairs(pairs))


def test_nothing_is_imported_to_ask_what_a_value_is(monkeypatch):
    monkeypatch.delitem(sys.modules, "polars")

    with pytest.raises(InputError, match="not DataFrame"):
        load(pl.DataFrame(COLUMNS))
    assert "polars" not in sys.modules

"""Digits, and digits with faults that are known."""

import numpy as np
import pandas as pd
import pytest

from audit.errors import InputError, UnknownName
from audit.sources import load
from audit.sources.planted import Faults, plant


def faults(data, kind):
    return data.table[data.table["planted"] == kind]


def pixels(data):
    return list(data.roles.features)


@pytest.fixture(scope="module")
def train():
    return load("planted:digits")


@pytest.fixture(scope="module")
def test():
    return load("planted:digits-test")


def test_digits_are_split_by_class_without_a_row_in_both():
    parts = [load("digits"), load("digits-test")]
    shares = [np.bincount(p.labels) / len(p) for p in parts]

    assert not set(parts[0].rows) & set(parts[1].rows)
    assert sum(map(len, parts)) == len(load("digits-all")) == 1797
    assert np.abs(shares[0] - shares[1]).max() < 0.005
    assert parts[0].roles.grid == (8, 8)


def test_each_fault_is_planted_as_often_as_said(train, test):
    counts = train.table["planted"].value_counts().to_dict()

    assert counts.pop("") == len(train) - sum(counts.values())
    assert counts == {"flip": 108, "exact": 25, "near": 25, "leaked": 20, "missing": 15, "range": 15}
    assert test.table["planted"].value_counts().to_dict() == {"": 445, "leaked": 20}


def test_flipped_labels_and_no_others_differ_from_the_truth(train):
    wrong = train.table["label"] != train.table["true_label"]

    assert set(train.table["planted"][wrong]) == {"flip"}
    assert wrong.sum() == 108


def test_every_flip_is_to_a_digit_that_exists(train):
    assert set(faults(train, "flip")["label"]) <= set(range(10))


def test_an_exact_copy_comes_after_a_row_equal_to_it_with_its_label(train):
    content = pd.Series(train.content, index=train.rows)

    for row in faults(train, "exact").index:
        first = content.index[content == content[row]][0]
        assert first < row
        assert train.given[first] == train.given[row]


def test_a_near_copy_differs_from_a_row_before_it_in_a_few_grey_levels(train):
    values = train.features.to_numpy()

    for row in faults(train, "near").index:
        apart = np.abs(np.nan_to_num(values[:row] - values[row], nan=99))
        closest = apart.sum(axis=1).min()
        assert 0 < closest <= 3
        assert values[row].min() >= 0
        assert values[row].max() <= 16


def test_leaked_rows_are_in_both_sets(train, test):
    ours = set(pd.Series(train.content)[(train.table["planted"] == "leaked").to_numpy()])
    theirs = set(pd.Series(test.content)[(test.table["planted"] == "leaked").to_numpy()])

    assert ours == theirs
    assert len(ours) == 20


def test_missing_cells_are_in_the_rows_that_say_so_and_no_others(train):
    gaps = train.features.isna().any(axis=1)

    assert set(train.rows[gaps]) == set(faults(train, "missing").index)


def test_absurd_values_are_in_the_rows_that_say_so_and_no_others(train):
    outside = ((train.features < 0) | (train.features > 16)).any(axis=1)

    assert set(train.rows[outside]) == set(faults(train, "range").index)


def test_the_truth_has_no_role(train):
    assert not {"planted", "true_label"} & set(train.roles.columns())


def test_one_seed_gives_one_result_and_another_another(train):
    assert load("planted:digits?seed=0").fingerprint == train.fingerprint
    assert load("planted:digits?seed=1").fingerprint != train.fingerprint


def test_options_say_how_much_is_planted():
    data = load("planted:digits?flips=0&exact=0&near=0&leaked=0&missing=3&range=0")

    assert data.table["planted"].value_counts().to_dict() == {"": 1349, "missing": 3}
    assert len(data) == len(load("digits"))


def test_planting_leaves_its_input_as_it_was():
    data, other = load("digits"), load("digits-test")
    before = data.fingerprint, other.fingerprint
    plant(data, other, Faults(), seed=3)

    assert (load("digits").fingerprint, load("digits-test").fingerprint) == before
    assert "planted" not in data.table


@pytest.mark.parametrize(
    ("where", "kind", "said"),
    [
        ("planted:digits?flip=1", UnknownName, r"no option 'flip'; .*did you mean 'flips'\?"),
        ("planted:digits?flips=much", InputError, "option flips='much' is not a number"),
        ("planted:digits?exact=1.5", InputError, "option exact='1.5' is not a whole number"),
        ("planted:digits?flips=2", InputError, "flips=2 is a share of the rows"),
        ("planted:digits?near=-1", InputError, "near=-1 is negative"),
        ("planted:digits?exact=9999", InputError, "rows are needed for these faults"),
        ("planted:iris", InputError, "faults are planted in planted:digits or planted:digits-test"),
    ],
)
def test_what_cannot_be_planted_is_said(where, kind, said):
    with pytest.raises(kind, match=said):
        load(where)

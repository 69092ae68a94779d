"""Folds keep copies together and let every class be learnt."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from audit.evidence.folds import TooRare, assign_folds, blocks

ROWS = st.integers(2, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 4), min_size=n, max_size=n),
        st.lists(st.integers(0, n), min_size=n, max_size=n),
        st.integers(0, 5),
    )
)


@settings(max_examples=300, deadline=None)
@given(ROWS)
def test_blocks_are_never_split_and_every_class_is_learnt_for_each_of_its_rows(rows):
    given_labels, keys, seed = rows
    labels = np.unique(given_labels, return_inverse=True)[1]
    together = blocks(np.array(keys))
    assume(all(len(set(together[labels == k])) >= 2 for k in set(labels)))
    try:
        fold = assign_folds(labels, together, seed=seed)
    except TooRare:
        assume(False)  # no two folds could hold these blocks apart; see the test of its own
    assert all(len(set(fold[together == b])) == 1 for b in set(together))
    for k in set(labels):
        assert len(set(fold[labels == k])) >= 2


def test_a_class_that_shares_its_blocks_with_others_is_learnt_too():
    """Moving a block for one class must not put all of another into one fold."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        labels = rng.integers(0, 8, 40)
        together = blocks(rng.integers(0, 7, 40))
        if any(len(set(together[labels == k])) < 2 for k in set(labels)):
            continue
        fold = assign_folds(labels, together)
        assert all(len(set(fold[labels == k])) >= 2 for k in set(labels))


@pytest.mark.parametrize("seed", range(5))
def test_a_class_that_stratifying_puts_into_one_fold_is_moved_apart(seed):
    labels, together = np.array([2, 1, 0, 0, 1, 2]), np.array([0, 1, 2, 3, 2, 2])
    fold = assign_folds(labels, together, seed=seed)
    assert len(set(fold[together == 2])) == 1
    assert all(len(set(fold[labels == k])) == 2 for k in range(3))


def test_folds_are_stratified():
    labels = np.repeat([0, 1], [50, 25])
    fold = assign_folds(labels, np.arange(75))
    assert [np.bincount(labels[fold == f]).tolist() for f in range(5)] == [[10, 5]] * 5


@pytest.mark.parametrize(("classes", "each"), [(10, 3), (2, 2), (1, 2), (30, 2)])
def test_fewer_rows_a_class_than_folds_are_spread_as_far_as_they_go(classes, each):
    labels = np.repeat(np.arange(classes), each)
    fold = assign_folds(labels, np.arange(len(labels)))
    assert all(len(set(fold[labels == k])) == each for k in range(classes))


@pytest.mark.parametrize(("labels", "together"), [([0, 0, 1], [0, 1, 2]), ([0, 0, 1, 1], [0, 1, 2, 2])])
def test_a_class_in_one_block_is_refused_and_named(labels, together):
    with pytest.raises(TooRare, match="class number 1 has one block of rows only: positions 2") as caught:
        assign_folds(np.array(labels), np.array(together))
    assert isinstance(caught.value, InputError)
    assert caught.value.class_ == 1


def test_the_seed_decides_the_folds():
    labels, alone = np.arange(60) % 3, np.arange(60)
    assert np.array_equal(assign_folds(labels, alone, seed=4), assign_folds(labels, alone, seed=4))
    assert not np.array_equal(assign_folds(labels, alone, seed=4), assign_folds(labels, alone, seed=5))


def test_rows_that_share_any_key_are_one_block_by_way_of_others():
    one = np.array([0, 0, 1, 2, 3])
    other = np.array(["a", "b", "b", "c", "d"], dtype=object)
    assert blocks(one, other).tolist() == [0, 0, 0, 1, 2]

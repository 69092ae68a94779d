"""What neighbours say of a row's label: its own block has no say, and the classes' shares one vote."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.neighbours import VOTERS, nearest, neighbour_vote


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=2, max_size=50))
def test_the_vote_never_counts_a_row_s_own_block(rows):
    labels, together = (np.array(column) for column in zip(*rows, strict=True))
    base = np.random.default_rng(1).normal(0, 1, (len(rows), 2)).astype("float32")
    near = nearest(base, 50)
    vote = neighbour_vote(near, labels, together, 3)
    prior = np.bincount(labels, minlength=3) / len(labels)
    for i, (own, row) in enumerate(zip(together, near.indices.tolist(), strict=True)):
        voters = [labels[j] for j in row if together[j] != own][:VOTERS]
        expected = (np.bincount(voters, minlength=3) + prior) / (len(voters) + 1)
        assert vote[i] == pytest.approx(expected)


def test_copies_with_a_wrong_label_do_not_outvote_the_others():
    base = np.vstack([np.zeros((20, 2)), np.random.default_rng(0).normal(0, 0.1, (40, 2))]).astype("float32")
    labels = np.r_[np.ones(20, int), np.zeros(40, int)]
    together = np.r_[np.zeros(20, int), np.arange(1, 41)]
    vote = neighbour_vote(nearest(base, 50), labels, together, 2)
    assert (vote[:20, 0] > 0.9).all()

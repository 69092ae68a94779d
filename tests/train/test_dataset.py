"""A torch Dataset as a repair left it, in this process and in the workers of a DataLoader."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from audit import Uncertified, audit, certify, load
from audit.errors import InputError, StaleError
from audit.patch import make_patch
from audit.suite import Limit, Suite
from train.dataset import patched

FIT = Suite("fit", limits=(Limit("missing.count", 0.0),))


@pytest.fixture
def data():
    """Ten rows under ids that are not their places."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=10), "b": rng.normal(size=10), "label": ["no", "yes"] * 5})
    return load(frame.set_index(pd.Index([f"r{i}" for i in range(10)])), label="label")


@pytest.fixture
def base(data):
    return TensorDataset(torch.arange(10.0), torch.from_numpy(data.labels))


@pytest.fixture
def patch(data):
    """Drop r2 and r5, make r4 a yes, let r7 count a quarter."""
    lines = [
        {"row": "r2", "action": "drop", "reason": "x", "check": "labels"},
        {"row": "r5", "action": "drop", "reason": "x", "check": "labels"},
        {"row": "r4", "action": "relabel", "from": "no", "to": "yes", "reason": "x", "check": "labels"},
        {"row": "r7", "action": "weight", "weight": 0.25, "reason": "x", "check": "labels"},
    ]
    return make_patch(lines, base=data.fingerprint, treatment="test")


LEFT = [0, 1, 3, 4, 6, 7, 8, 9]
LABELS = [0, 1, 1, 1, 0, 1, 0, 1]


def test_dropped_rows_are_gone_and_corrected_labels_are_there(base, data, patch):
    items = [patched(base, data, patch)[i] for i in range(8)]

    assert [int(x) for x, _ in items] == LEFT
    assert [int(y) for _, y in items] == LABELS
    assert items[3][1].dtype == items[2][1].dtype


def test_without_a_patch_it_is_the_base(base, data):
    both = zip(patched(base, data), base, strict=False)

    assert all(int(one[0]) == int(other[0]) and int(one[1]) == int(other[1]) for one, other in both)


def test_weights_come_with_the_items_when_asked_for(base, data, patch):
    given = patched(base, data, patch, weighed=True)
    _, y, w = next(iter(DataLoader(given, batch_size=8)))

    assert w.tolist() == [1, 1, 1, 1, 1, 0.25, 1, 1]
    assert w.dtype == torch.float32
    assert y.tolist() == LABELS
    assert len(patched(base, data, patch)[0]) == 2


def test_the_sampler_draws_in_proportion_to_the_weights(base, data, patch):
    drawn = np.bincount(list(patched(base, data, patch).sampler(40_000)), minlength=8)

    assert drawn[5] / drawn[[0, 1, 2, 3, 4, 6, 7]].mean() == pytest.approx(0.25, rel=0.1)
    assert list(patched(base, data, patch).sampler(seed=3)) == list(patched(base, data, patch).sampler(seed=3))


def test_loss_weights_and_sampler_weights_have_one_expectation(base, data, patch):
    """Not the same estimator, but the same mean: the weighted loss, and the loss over rows drawn by weight."""
    given = patched(base, data, patch, weighed=True)
    loss = torch.tensor([float(x) ** 2 for x, _, _ in (given[i] for i in range(8))])
    weights = torch.from_numpy(given.weights)
    by_loss = float((loss * weights).sum() / weights.sum())
    drawn = torch.tensor(list(patched(base, data, patch).sampler(60_000)))

    assert float(loss[drawn].mean()) == pytest.approx(by_loss, rel=0.03)


def test_weights_are_not_counted_twice(base, data, patch):
    with pytest.raises(InputError, match="count them twice"):
        patched(base, data, patch, weighed=True).sampler()


def test_workers_get_it_by_pickle(base, data, patch):
    given = patched(base, data, patch, weighed=True)
    there = pickle.loads(pickle.dumps(given))

    assert [tuple(map(float, there[i])) for i in range(8)] == [tuple(map(float, given[i])) for i in range(8)]


def test_a_loader_with_a_spawned_worker_reads_the_same(base, data, patch):
    loader = DataLoader(patched(base, data, patch), batch_size=8, num_workers=1, multiprocessing_context="spawn")

    ((x, y),) = loader
    assert (x.tolist(), y.tolist()) == (LEFT, LABELS)


def test_labels_that_are_plain_numbers_stay_that(data, patch):
    pairs = [(i, int(y)) for i, y in enumerate(data.labels)]

    item = patched(pairs, data, patch)[3]
    assert item == (4, 1)
    assert type(item[1]) is int


def test_what_is_left_must_be_certified(base, data, patch):
    left = patch.apply(data)
    repaired = certify(left, audit(left, suite=FIT, checks=["missing"]), FIT)
    raw = certify(data, audit(data, suite=FIT, checks=["missing"]), FIT)

    assert len(patched(base, data, patch, certificate=repaired)) == 8
    assert len(patched(base, data, certificate=raw)) == 10
    with pytest.raises(Uncertified, match="rows removed: r2, r5"):
        patched(base, data, patch, certificate=raw)
    with pytest.raises(Uncertified):
        patched(base, data, certificate=repaired)


def test_a_base_over_other_rows_is_refused(base, data, patch):
    with pytest.raises(InputError, match="9 items"):
        patched([base[i] for i in range(9)], data, patch)


def test_a_base_with_other_labels_is_refused(data, patch):
    base = TensorDataset(torch.arange(10.0), torch.from_numpy(data.labels))
    base.targets = torch.from_numpy(data.labels)
    assert len(patched(base, data, patch)) == 8
    base.targets = [*data.labels[:3], 1 - data.labels[3], *data.labels[4:]]

    with pytest.raises(InputError, match="other labels than table: row r3"):
        patched(base, data, patch)


def test_labels_that_are_words_cannot_be_corrected(data, patch):
    words = [(i, str(y)) for i, y in enumerate(data.given)]

    with pytest.raises(InputError, match="labels as str"):
        patched(words, data, patch)[3]


def test_a_patch_of_other_data_is_refused(base, data, patch):
    with pytest.raises(StaleError):
        patched(base, data.relabelled({"r0": "yes"}), patch)

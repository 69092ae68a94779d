"""Blocks may be cut, ordered and put together in any way."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream.made import made

from audit.errors import InputError
from audit.stream import Block, confident, grouped, judge, merge, scan, thresholds


def cut(labels, probabilities, at):
    edges = [0, *sorted(set(at)), len(labels)]
    return [Block(a, labels[a:b], probabilities[a:b]) for a, b in pairwise(edges)]


@given(st.sets(st.integers(1, 499), max_size=12), st.randoms(use_true_random=False), st.sampled_from([5, 80]))
@settings(max_examples=25, deadline=None)
def test_any_cut_any_order_and_any_grouping_give_the_same(at, random, classes):
    labels, probabilities = made(500, classes, dtype=np.float64, missing=(1,))
    whole = confident(labels, probabilities, filter_by=("confident_learning",))
    blocks = cut(labels, probabilities, at)
    partials = [scan(b) for b in blocks]
    while len(partials) > 1:
        random.shuffle(partials)
        partials.append(merge(partials.pop(), partials.pop()))
    limits = thresholds(grouped(partials[0]))
    judged = [judge(b, limits) for b in blocks]
    assert np.array_equal(limits, whole.thresholds)
    assert np.array_equal(np.concatenate([rows.issue for rows, _ in judged]), whole.masks["confident_learning"])
    pairs = sum(pairs for _, pairs in judged)
    np.fill_diagonal(pairs, pairs.diagonal().clip(min=1))
    assert np.array_equal(pairs, whole.confident_joint)


def test_rows_that_are_there_twice_or_not_at_all_are_refused():
    first, second, third = (scan(b) for b in cut(*made(90, 3), [30, 60]))
    with pytest.raises(InputError, match="row 30 is in two of them"):
        merge(first, second, second)
    with pytest.raises(InputError, match="rows 30 to 59 are in none of them"):
        grouped(merge(third, first))
    with pytest.raises(InputError, match="they cannot be merged"):
        merge(first, scan(Block(30, *made(10, 4))))


@pytest.mark.parametrize("classes", [6, 90])
def test_the_largest_other_probability_is_found_without_thresholds(classes):
    labels, probabilities = made(4_000, classes)
    rows, _ = judge(Block(0, labels, probabilities), None, other=True)
    others = np.where(np.arange(classes) == labels[:, None], -1, probabilities).max(axis=1)
    assert np.array_equal(rows.other, others)
    assert np.array_equal(rows.loses, others > probabilities[np.arange(4_000), labels] + np.float32(1e-6))


@pytest.mark.parametrize("classes", [256, 257, 300])
def test_classes_that_no_longer_fit_a_byte(classes):
    labels, probabilities = made(4_000, classes)
    limits = thresholds(grouped(scan(Block(0, labels, probabilities))))
    rows, pairs = judge(Block(0, labels, probabilities), limits)
    sure = probabilities >= limits - np.float32(1e-6)
    counted = np.where(sure.sum(axis=1) > 1, probabilities.argmax(axis=1), sure.argmax(axis=1))
    wanted = np.zeros((classes, classes), int)
    np.add.at(wanted, (labels[sure.any(axis=1)], counted[sure.any(axis=1)]), 1)
    assert np.array_equal(pairs, wanted)
    assert rows.issue.any()

"""Dropout's masks: random enough, and always the same."""

from __future__ import annotations

import pytest
import torch

from train.fit.masks import dropout_keys, dropout_mask


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_each_unit_is_dropped_at_the_rate_and_the_mean_is_kept(rate):
    keys = dropout_keys(3, 0, 4000, 1)[:, 0]
    masks = dropout_mask(keys, (5, 7), rate, torch.float32)
    dropped = (masks == 0).float()

    assert masks.shape == (4000, 5, 7)
    assert abs(float(dropped.mean()) - rate) < 0.005
    assert float((dropped.mean(0) - rate).abs().max()) < 5 * (rate * (1 - rate) / 4000) ** 0.5
    assert abs(float(masks.mean()) - 1) < 0.01


def test_units_steps_layers_and_seeds_are_not_correlated():
    keys = dropout_keys(0, 0, 3000, 2)
    one, layer = (dropout_mask(keys[:, i], (8, 8), 0.5, torch.float64).flatten(1) - 1 for i in range(2))
    other = dropout_mask(dropout_keys(1, 0, 3000, 1)[:, 0], (8, 8), 0.5, torch.float64).flatten(1) - 1
    between_units = (one.T @ one / len(one)).fill_diagonal_(0)

    assert float(between_units.abs().max()) < 6 / 3000**0.5
    for a, b in ((one, layer), (one, other), (one[1:], one[:-1])):
        assert abs(float((a * b).mean())) < 6 / (3000 * 64) ** 0.5


def test_a_mask_does_not_depend_on_the_masks_beside_it():
    keys = dropout_keys(5, 0, 10, 2)
    together = dropout_mask(keys, (3, 5), 0.3, torch.float32)
    later = dropout_keys(5, 7, 10, 2)

    assert torch.equal(together[8, 1], dropout_mask(keys[8, 1], (3, 5), 0.3, torch.float32))
    assert torch.equal(keys[7:], later)


def test_no_two_keys_of_a_training_are_the_same():
    keys = dropout_keys(9, 0, 5000, 3)

    assert len(keys.unique()) >= 15_000 - 3

"""When a training stops early, on what, and with which weights."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from audit.errors import InputError
from train.fit.loop import fit
from train.fit.models import build
from train.fit.recipe import Recipe
from train.fit.rng import generator, key
from train.fit.stopping import Patience, looks, mean_loss, rows_trained, split

MLP = Recipe("mlp", width=32, epochs=40, batch=16, fewest_steps=1, lr=1e-2, l2=0.0, patience=3, held_out=0.25)


def data(n=200, seed=0, noise=0.4):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    x = torch.randn((n, 6), generator=g) + torch.eye(3, 6)[y]
    return x, torch.where(torch.rand(n, generator=g) < noise, (y + 1) % 3, y)


@pytest.mark.parametrize("rows", [2, 3, 10, 99])
def test_every_row_is_either_trained_on_or_held_out(rows):
    recipe = replace(MLP, held_out=0.2)
    rest, held = split(rows, recipe, 7)

    assert torch.equal(torch.cat([rest, held]).sort().values, torch.arange(rows))
    assert len(held) == max(1, round(0.2 * rows))
    assert len(rest) == rows_trained(rows, recipe)


def test_what_is_held_out_follows_from_the_seed_alone():
    torch.manual_seed(1)
    one = split(50, MLP, 3)[1]
    torch.manual_seed(2)

    assert torch.equal(one, split(50, replace(MLP, lr=1.0, patience=9), 3)[1])
    assert not torch.equal(one, split(50, MLP, 4)[1])


def test_without_patience_nothing_is_held_out():
    plain = replace(MLP, patience=None)

    assert rows_trained(40, plain) == 40
    assert [len(part) for part in split(40, plain, 0)] == [40, 0]


def test_one_row_cannot_be_split():
    with pytest.raises(InputError, match="needs 2 rows"):
        split(1, MLP, 0)


def test_patience_counts_looks_without_a_smaller_loss():
    patience, seen = Patience(), []
    for loss in (2.0, 1.0, 1.0, 1.5, 0.9, math.nan):
        patience = patience.after(loss)
        seen.append((patience.improved, patience.waited))

    assert seen == [(True, 0), (True, 0), (False, 1), (False, 2), (True, 0), (False, 1)]
    assert patience.best == 0.9
    assert not Patience().after(math.nan).improved


def test_the_rows_are_looked_at_when_an_epoch_ends_and_when_all_ends():
    assert [step for step in range(11) if looks(step, 4, 11)] == [3, 7, 10]


def by_hand(x, y, epochs, seed):
    """The weights after each epoch of a training on all of these rows, written out."""
    torch.manual_seed(key(seed, "init"))
    model = build(MLP, (6,), 3)
    optimiser = torch.optim.AdamW(model.parameters(), lr=MLP.lr, weight_decay=MLP.l2)
    per_epoch = len(x) // MLP.batch
    for epoch in range(epochs):
        order = torch.randperm(len(x), generator=generator(seed, "order", epoch))
        for i, rows in enumerate(order[: per_epoch * MLP.batch].view(per_epoch, MLP.batch)):
            step = epoch * per_epoch + i
            optimiser.param_groups[0]["lr"] = MLP.lr * (1 + math.cos(math.pi * step / (MLP.epochs * per_epoch))) / 2
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimiser.step()
        yield model


def test_a_training_stops_after_so_many_epochs_without_a_smaller_loss_and_keeps_the_best():
    x, y = data()
    whole = fit(x, y, torch.ones(200), 3, MLP, seed=0)
    rest, held = split(200, MLP, 0)
    losses, weights = [], []
    for model in by_hand(x[rest], y[rest], int(whole.epochs), seed=0):
        losses.append(float(mean_loss(model, x[held], y[held], torch.ones(len(held)))))
        weights.append(parameters_to_vector(model.parameters()).detach().clone())
    best = min(range(len(losses)), key=losses.__getitem__)

    assert whole.epochs == best + 1 + MLP.patience < MLP.epochs
    assert (whole.steps, whole.examples_seen) == (whole.epochs * 9, whole.epochs * 9 * 16)
    assert torch.allclose(parameters_to_vector(whole.model.parameters()), weights[best], atol=1e-4)
    assert not torch.allclose(weights[-1], weights[best], atol=1e-2)

"""Boosted trees as a cell: what the recipe's knobs mean to them, and what they say of classes nobody has seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from audit.errors import InputError
from train.augment import augment
from train.fit.boosting import FLOOR, NO_STOP, boost
from train.fit.loop import predict
from train.fit.plan import train_jobs
from train.fit.recipe import RECIPES
from train.fit.vmapped import Job

QUICK = replace(RECIPES["boosting"], epochs=12)


def blobs(n=300, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    return torch.randn((n, 5), generator=g) + 2 * torch.eye(3, 5)[y], y


def said(fitted, x):
    return predict(fitted.model, x)


def test_trees_learn_and_one_seed_is_one_result():
    x, y = blobs()
    x_test, y_test = blobs(500, seed=1)
    recipe = replace(QUICK, dropout=0.5)
    first, again, other = (boost(x, y, torch.ones(300), 3, recipe, seed) for seed in (4, 4, 5))

    assert (said(first, x_test).argmax(1) == y_test).double().mean() > 0.8
    assert torch.equal(said(first, x_test), said(again, x_test))
    assert not torch.equal(said(first, x_test), said(other, x_test))


def test_an_epoch_is_a_round_that_sees_every_row():
    x, y = blobs()
    fitted = boost(x, y, torch.ones(300), 3, QUICK, 0)

    assert (fitted.steps, fitted.epochs, fitted.examples_seen) == (12, 12.0, 3600)
    assert boost(x, y, torch.ones(300), 3, replace(QUICK, steps=7), 0).steps == 7


def test_classes_without_a_row_are_unlikely_but_not_impossible():
    x, y = blobs()
    fitted = boost(x, 2 * (y == 1), torch.ones(300), 4, QUICK, 0)
    shares = said(fitted, x)

    assert fitted.model(x).isfinite().all()
    assert np.allclose(shares.sum(1), 1)
    assert np.allclose(shares[:, [1, 3]], FLOOR, rtol=1e-4)


def test_one_class_alone_is_certain():
    x, _ = blobs()
    shares = said(boost(x, torch.full((300,), 2), torch.ones(300), 3, QUICK, 0), x)

    assert torch.equal(shares.argmax(1), torch.full((300,), 2))
    assert float(shares[0, 0]) == pytest.approx(FLOOR, rel=1e-4)


def test_a_weight_of_0_is_the_same_as_not_being_there():
    x, y = blobs()
    weights = torch.ones(300)
    weights[::3] = 0
    kept = weights > 0
    weighed = boost(x, y, weights, 3, QUICK, 1)
    dropped = boost(x[kept], y[kept], weights[kept], 3, QUICK, 1)

    assert torch.equal(said(weighed, x), said(dropped, x))


def test_patience_stops_before_the_last_round():
    x, y = blobs()
    patient = replace(QUICK, epochs=200, patience=3)

    assert boost(x, y, torch.ones(300), 3, patient, 0).steps < 100
    assert boost(x, y, torch.ones(300), 3, patient, 0).notes == ()


def test_rows_held_out_that_can_judge_nothing_are_told():
    x, _ = blobs(4)
    notes = {boost(x, torch.arange(4), torch.ones(4), 4, replace(QUICK, patience=2), s).notes for s in range(3)}

    assert notes == {(NO_STOP,)}


def test_augmentation_adds_copies_whose_labels_are_shared():
    x, y = blobs()
    plain, more = (boost(x, y, torch.ones(300), 3, QUICK, 0, a) for a in (None, augment))

    assert more.examples_seen > 1.9 * plain.examples_seen
    assert not torch.equal(said(plain, x), said(more, x))


def test_the_planner_trains_trees_one_by_one():
    x, y = blobs()
    jobs = [Job(torch.arange(100 * s, 100 * s + 100), y[100 * s : 100 * s + 100], torch.ones(100), s) for s in range(3)]
    trained = train_jobs(x, jobs, 3, QUICK)
    alone = boost(x[:100], y[:100], torch.ones(100), 3, QUICK, 0)

    assert [str(c) for c in trained.choices] == ["3 cells alone: trees grow in no group"]
    assert torch.equal(said(trained.fits[0], x), said(alone, x))


def test_trees_refuse_pictures_and_nothing():
    x, y = blobs()
    with pytest.raises(InputError, match="boosting looks at vectors"):
        boost(torch.zeros(3, 1, 8, 8), torch.arange(3), torch.ones(3), 3, QUICK, 0)
    with pytest.raises(InputError, match="no row has a weight"):
        boost(x, y, torch.zeros(300), 3, QUICK, 0)

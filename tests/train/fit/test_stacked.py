"""Stacked models are the models that each would have been alone, as far as a grouped convolution rounds alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from audit.errors import InputError
from train.augment import augment
from train.fit.device import Ways
from train.fit.loop import fit, predict
from train.fit.models import build
from train.fit.recipe import Recipe
from train.fit.stacked import fit_stacked, stackable, train_stacked
from train.fit.vmapped import Job

CNN = Recipe("cnn", width=8, epochs=2, batch=16, fewest_steps=4, lr=3e-3, l2=0.05)
RESNET9 = Recipe("resnet9", width=4, epochs=2, batch=16, fewest_steps=4, lr=3e-3, l2=0.05, dropout=0.2)
MLP = Recipe("mlp", width=8, epochs=2, batch=16, fewest_steps=4, dropout=0.3)
MODELS = pytest.mark.parametrize("recipe", [CNN, RESNET9], ids=["cnn", "resnet9"])


@pytest.fixture
def float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def pool(n=160, seed=0, dtype=torch.uint8):
    """Pictures of 8 pixels whose class is where they are bright."""
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    x = torch.randint(0, 150, (n, 1, 8, 8), generator=g, dtype=torch.uint8)
    for k in range(3):
        x[y == k, :, 2 * k : 2 * k + 3] += 100
    return (x if dtype == torch.uint8 else x.to(dtype) / 255), y


def jobs_on(y, sizes=(48, 64, 160, 100)):
    """Cells that differ in rows, labels, weights, seed, augmentation, number of steps and knobs."""
    g = torch.Generator().manual_seed(1)
    jobs = []
    for seed, n in enumerate(sizes):
        rows = torch.randperm(len(y), generator=g)[:n]
        labels = torch.where(torch.rand(n, generator=g) < 0.2 * (seed % 2), (y[rows] + 1) % 3, y[rows])
        weights = torch.rand(n, generator=g).float() + 0.1 if seed % 2 else torch.ones(n).float()
        weights[:9] = 0 if seed == 3 else weights[:9]
        jobs.append(Job(rows, labels, weights, seed, augment if seed == 2 else None))
    return jobs


def knobs(jobs, recipe):
    """The same, the first with its own learning rate, decay and budget."""
    return [replace(jobs[0], recipe=replace(recipe, lr=1e-3, l2=0.2, steps=5)), *jobs[1:]]


def alone(x, job, recipe, classes=3):
    return fit(x[job.rows], job.labels, job.weights, classes, job.recipe or recipe, job.seed, job.augment)


def distance(one, other):
    """The largest relative difference of a weight or buffer."""
    a, b = one.model.state_dict(), other.model.state_dict()
    assert a.keys() == b.keys()
    return max(float((a[k] - b[k]).abs().max() / b[k].abs().max().clamp_min(1e-9)) for k in a)


def taken(fitted):
    return fitted.steps, fitted.epochs, fitted.examples_seen


@MODELS
def test_in_float64_a_group_equals_each_cell_alone_to_a_billionth(float64, recipe):
    x, y = pool(dtype=torch.float64)
    jobs = knobs(jobs_on(y), recipe)

    for job, fitted in zip(jobs, fit_stacked(x, jobs, 3, recipe), strict=True):
        one = alone(x, job, recipe)
        assert distance(fitted, one) < 1e-9
        assert taken(fitted) == taken(one)
        assert not fitted.model.training


def test_linear_layers_stack_too(float64):
    x, y = pool(dtype=torch.float64)
    x = x.flatten(1)

    jobs = jobs_on(y)
    for job, fitted in zip(jobs, fit_stacked(x, jobs, 3, MLP), strict=True):
        assert distance(fitted, alone(x, job, MLP)) < 1e-9


def test_running_statistics_are_those_of_separate_models(float64):
    x, y = pool(dtype=torch.float64)
    jobs = jobs_on(y, (48, 80))

    for job, fitted in zip(jobs, fit_stacked(x, jobs, 3, RESNET9), strict=True):
        norms, own = (
            [m for m in f.model.modules() if isinstance(m, nn.BatchNorm2d)] for f in (fitted, alone(x, job, RESNET9))
        )
        assert len(norms) == 8
        for one, other in zip(norms, own, strict=True):
            assert torch.allclose(one.running_mean, other.running_mean, rtol=1e-9, atol=1e-12)
            assert torch.allclose(one.running_var, other.running_var, rtol=1e-9, atol=1e-12)
            assert one.num_batches_tracked == other.num_batches_tracked == fitted.steps


@MODELS
def test_in_float32_accuracy_on_a_test_set_agrees_within_a_fifth_of_a_point(recipe):
    x, y = pool()
    x_test, y_test = pool(1000, seed=5)
    jobs, longer = jobs_on(y), replace(recipe, fewest_steps=40)

    def accuracy(fitted):
        return float((predict(fitted.model, x_test).argmax(1) == y_test).float().mean())

    for job, fitted in zip(jobs, fit_stacked(x, jobs, 3, longer), strict=True):
        assert abs(accuracy(fitted) - accuracy(alone(x, job, longer))) <= 0.002
        assert accuracy(fitted) > 0.8


@MODELS
def test_neither_the_others_nor_their_order_change_a_cell(float64, recipe):
    x, y = pool(dtype=torch.float64)
    jobs = jobs_on(y)
    whole = fit_stacked(x, jobs, 3, recipe)
    turned = fit_stacked(x, jobs[::-1], 3, recipe)[::-1]
    parts = [*fit_stacked(x, jobs[:1], 3, recipe), *fit_stacked(x, jobs[1:], 3, recipe)]

    assert max(distance(a, b) for a, b in zip(whole, turned, strict=True)) < 1e-9
    assert max(distance(a, b) for a, b in zip(whole, parts, strict=True)) < 1e-9


def test_a_cell_that_turns_nan_touches_no_other():
    x, y = pool(dtype=torch.float32)
    rows = torch.arange(160).view(4, 40)
    jobs = [Job(r, y[r], torch.ones(40), s) for s, r in enumerate(rows)]
    bad = x.clone()
    bad[rows[1, 3]] = float("nan")
    broken, whole = fit_stacked(bad, jobs, 3, RESNET9), fit_stacked(x, jobs, 3, RESNET9)

    assert any(p.isnan().any() for p in broken[1].model.parameters())
    assert all(distance(broken[i], whole[i]) == 0 for i in (0, 2, 3))


def test_a_cell_that_stops_early_stops_where_it_would_alone(float64):
    x, y = pool(dtype=torch.float64)
    impatient = replace(CNN, patience=1, held_out=0.25, epochs=12, lr=3e-2)
    jobs = [replace(j, recipe=impatient if i % 2 else None) for i, j in enumerate(jobs_on(y))]
    together = fit_stacked(x, jobs, 3, CNN)

    for job, fitted in zip(jobs, together, strict=True):
        one = alone(x, job, CNN)
        assert taken(fitted) == taken(one)
        assert distance(fitted, one) < 1e-6
    assert together[1].steps < impatient.steps_for(48)


def test_cells_leave_the_group_as_they_finish():
    x, y = pool()
    active = list(train_stacked(x, jobs_on(y), 3, CNN))

    assert active[0] == 4
    assert active == sorted(active, reverse=True)
    assert sum(active) == sum(f.steps for f in fit_stacked(x, jobs_on(y), 3, CNN))


def test_bf16_comes_to_nearly_the_same_accuracy():
    x, y = pool()
    x_test, y_test = pool(1000, seed=5)
    jobs, longer = jobs_on(y, (160, 120)), replace(CNN, fewest_steps=80)
    training = train_stacked(x, jobs, 3, longer, ways=Ways(half=True))
    while True:
        try:
            next(training)
        except StopIteration as finished:
            half = finished.value
            break
    for one, other in zip(half, fit_stacked(x, jobs, 3, longer), strict=True):
        a, b = (float((predict(f.model, x_test).argmax(1) == y_test).float().mean()) for f in (one, other))
        assert abs(a - b) < 0.02
        assert all(p.dtype == torch.float32 for p in one.model.parameters())


def test_nothing_that_was_given_is_changed():
    x, y = pool()
    jobs = jobs_on(y)
    given = [x, *(t for j in jobs for t in (j.rows, j.labels, j.weights))]
    kept = [t.clone() for t in given]
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fit_stacked(x, jobs, 3, RESNET9)

    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(a, b) for a, b in zip(kept, given, strict=True))


def test_what_cannot_be_stacked_is_said():
    x, y = pool()
    with pytest.raises(InputError, match="one batch size"):
        fit_stacked(x, jobs_on(y, (10, 64)), 3, CNN)
    with pytest.raises(InputError, match=r"one dropout, and these jobs have 0\.1, 0\.2"):
        fit_stacked(
            x, [replace(j, recipe=replace(RESNET9, dropout=0.1)) if j.seed else j for j in jobs_on(y)], 3, RESNET9
        )


def test_which_models_stack():
    assert stackable(build(RESNET9, (3, 8, 8), 2), (3, 8, 8))
    assert stackable(build(Recipe("resnet18"), (3, 8, 8), 2), (3, 8, 8))
    assert not stackable(nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Dropout(0.5)), (4,))

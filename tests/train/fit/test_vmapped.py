"""Models trained together are the models that each would have been alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from audit.errors import InputError
from train.augment import augment
from train.fit.loop import fit, predict
from train.fit.models import build
from train.fit.recipe import Recipe
from train.fit.stopping import mean_loss, split
from train.fit.vmapped import Job, fit_group, groupable, shape_of, train_group

LINEAR = Recipe("linear", epochs=3, batch=32, fewest_steps=6, lr=1e-2, l2=0.5)
MLP = Recipe("mlp", width=17, epochs=3, batch=32, fewest_steps=6, lr=1e-2, l2=0.3)
DROPPING = Recipe("mlp", width=17, epochs=3, batch=32, fewest_steps=6, lr=1e-2, l2=0.3, dropout=0.3)


@pytest.fixture(params=[torch.float64, torch.float32], ids=["float64", "float32"])
def dtype(request):
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield request.param
    torch.set_default_dtype(before)


def pool(n=400, features=13, classes=3, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (n,), generator=g)
    x = torch.randn((n, features), generator=g) + 1.5 * torch.eye(classes, features)[y]
    return x, y


def jobs_on(y, sizes=(64, 100, 400, 333, 150)):
    """Cells that differ in rows, labels, weights, seed and number of steps."""
    g = torch.Generator().manual_seed(1)
    jobs = []
    for seed, n in enumerate(sizes):
        rows = torch.randperm(len(y), generator=g)[:n]
        labels = torch.where(torch.rand(n, generator=g) < 0.2 * (seed % 2), (y[rows] + 1) % 3, y[rows])
        weights = torch.rand(n, generator=g).float() + 0.1 if seed % 2 else torch.ones(n).float()
        weights[:20] = 0 if seed == 3 else weights[:20]
        jobs.append(Job(rows, labels, weights, seed))
    return jobs


def alone(x, job, recipe, classes=3):
    return fit(x[job.rows], job.labels, job.weights, classes, job.recipe or recipe, job.seed, job.augment)


def weights_of(fitted):
    return torch.cat([p.detach().flatten() for p in fitted.model.parameters()])


def same(one, other):
    return torch.equal(weights_of(one), weights_of(other))


@pytest.mark.parametrize("recipe", [LINEAR, MLP, DROPPING], ids=["linear", "mlp", "mlp with dropout"])
@pytest.mark.parametrize("features", [13, 16])
def test_a_group_equals_each_cell_alone_exactly(dtype, recipe, features):
    x, y = pool(features=features)
    jobs = jobs_on(y)
    together = fit_group(x, jobs, 3, recipe)

    for job, fitted in zip(jobs, together, strict=True):
        one = alone(x, job, recipe)
        assert same(fitted, one)
        assert (fitted.steps, fitted.epochs, fitted.examples_seen) == (one.steps, one.epochs, one.examples_seen)
    assert len({f.steps for f in together}) == 5


@pytest.mark.parametrize("batch", [1, 7, 10])
def test_exact_for_batches_whose_matrices_are_not_aligned_by_themselves(dtype, batch):
    x, y = pool()
    recipe = Recipe("mlp", width=9, batch=batch, steps=9)
    jobs = jobs_on(y, (30, 20, 10))

    assert all(same(f, alone(x, j, recipe)) for f, j in zip(fit_group(x, jobs, 3, recipe), jobs, strict=True))


def test_augmented_cells_equal_themselves_alone_beside_plain_ones(dtype):
    x, y = pool()
    jobs = [Job(j.rows, j.labels, j.weights, j.seed, augment if i % 2 else None) for i, j in enumerate(jobs_on(y))]

    assert all(same(f, alone(x, j, MLP)) for f, j in zip(fit_group(x, jobs, 3, MLP), jobs, strict=True))


def test_float32_accuracy_on_a_test_set_agrees_within_a_fifth_of_a_point():
    x, y = pool()
    x_test, y_test = pool(1000, seed=5)
    jobs = jobs_on(y)
    recipe = replace(MLP, fewest_steps=100)

    def accuracy(fitted):
        return float((predict(fitted.model, x_test).argmax(1) == y_test).float().mean())

    for job, fitted in zip(jobs, fit_group(x, jobs, 3, recipe), strict=True):
        assert abs(accuracy(fitted) - accuracy(alone(x, job, recipe))) <= 0.002
        assert accuracy(fitted) > 0.6


@pytest.mark.parametrize("recipe", [LINEAR, DROPPING], ids=["linear", "mlp with dropout"])
def test_neither_the_others_nor_their_order_change_a_cell(recipe):
    x, y = pool()
    jobs = jobs_on(y)
    whole = fit_group(x, jobs, 3, recipe)
    turned = fit_group(x, jobs[::-1], 3, recipe)[::-1]
    parts = [
        *fit_group(x, jobs[:2], 3, recipe),
        *fit_group(x, jobs[2:4], 3, recipe),
        *fit_group(x, jobs[4:], 3, recipe),
    ]

    assert all(same(a, b) for a, b in zip(whole, turned, strict=True))
    assert all(same(a, b) for a, b in zip(whole, parts, strict=True))


def test_dropout_follows_from_the_seed():
    x, y = pool()
    job = jobs_on(y)[0]
    one, again, plain = (fit_group(x, [job], 3, r)[0] for r in (DROPPING, DROPPING, MLP))

    assert same(one, again)
    assert not same(one, plain)


def test_a_cell_that_turns_nan_touches_no_other():
    x, y = pool()
    jobs = jobs_on(y)
    bad = x.clone()
    lonely = int(next(r for r in jobs[2].rows if all(r not in j.rows for i, j in enumerate(jobs) if i not in (2, 3))))
    bad[lonely] = float("nan")
    others = [i for i, j in enumerate(jobs) if lonely not in j.rows]
    broken, whole = fit_group(bad, jobs, 3, DROPPING), fit_group(x, jobs, 3, DROPPING)

    assert weights_of(broken[2]).isnan().any()
    assert len(others) >= 3
    assert all(same(broken[i], whole[i]) for i in others)


def with_own_knobs(jobs, recipe):
    """The same jobs, each with its own knobs: learning rate, penalty, dropout, budget, patience."""
    own = [
        {"lr": 3e-3, "l2": 0.0, "dropout": 0.5},
        {"steps": 17, "dropout": 0.0},
        {"patience": 1, "held_out": 0.3, "lr": 0.1, "epochs": 12},
        {"epochs": 7, "l2": 1.0},
        {"patience": 2, "dropout": 0.1, "epochs": 20, "lr": 5e-2},
    ]
    return [replace(j, recipe=replace(recipe, **o)) for j, o in zip(jobs, own, strict=True)]


@pytest.mark.parametrize("recipe", [LINEAR, MLP, DROPPING], ids=["linear", "mlp", "mlp with dropout"])
def test_cells_with_their_own_knobs_equal_themselves_alone_exactly(dtype, recipe):
    x, y = pool()
    jobs = with_own_knobs(jobs_on(y), recipe)
    together = fit_group(x, jobs, 3, recipe)

    for job, fitted in zip(jobs, together, strict=True):
        one = alone(x, job, recipe)
        assert same(fitted, one)
        assert (fitted.steps, fitted.epochs, fitted.examples_seen) == (one.steps, one.epochs, one.examples_seen)
    assert together[2].steps < shape_of(jobs[2], recipe)[1]
    assert not same(together[0], fit_group(x, jobs_on(y)[:1], 3, recipe)[0])


def test_neither_the_others_nor_their_order_change_a_cell_that_stops_early():
    x, y = pool()
    jobs = with_own_knobs(jobs_on(y), DROPPING)
    whole = fit_group(x, jobs, 3, DROPPING)
    turned = fit_group(x, jobs[::-1], 3, DROPPING)[::-1]
    lonely = [fit_group(x, [job], 3, DROPPING)[0] for job in jobs]

    assert all(same(a, b) and same(a, c) for a, b, c in zip(whole, turned, lonely, strict=True))


def test_a_cell_that_stops_early_leaves_its_group_in_the_middle():
    x, y = pool()
    jobs = with_own_knobs(jobs_on(y, (200, 200, 200, 200, 200)), MLP)
    active = list(train_group(x, jobs, 3, MLP))
    fits = fit_group(x, jobs, 3, MLP)

    assert [sum(f.steps > step for f in fits) for step in range(len(active))] == active
    assert fits[2].steps < min(fits[3].steps, shape_of(jobs[2], MLP)[1])


def test_patience_that_never_runs_out_still_returns_the_best_weights():
    x, y = pool()
    job = replace(jobs_on(y)[3], recipe=replace(MLP, lr=0.03, epochs=30, patience=1000, held_out=0.3))
    kept = torch.nonzero(job.weights > 0).squeeze(1)
    rest, held = (kept[part] for part in split(len(kept), job.recipe, job.seed))
    last = Job(job.rows[rest], job.labels[rest], job.weights[rest], job.seed, recipe=replace(job.recipe, patience=None))

    def loss(fitted):
        return float(mean_loss(fitted.model, x[job.rows[held]], job.labels[held], job.weights[held]))

    best, last = fit_group(x, [job, last], 3, MLP)

    assert best.steps == last.steps == shape_of(job, MLP)[1]
    assert loss(best) < loss(last) - 0.05


def test_a_cell_that_turns_nan_while_others_stop_early_touches_none():
    x, y = pool()
    jobs = with_own_knobs(jobs_on(y, (120, 120, 60, 110, 130)), DROPPING)
    bad = x.clone()
    lonely = int(next(r for r in jobs[2].rows if all(r not in j.rows for i, j in enumerate(jobs) if i != 2)))
    bad[lonely] = float("nan")
    endless = [replace(j, recipe=replace(j.recipe, patience=3)) if i == 2 else j for i, j in enumerate(jobs)]
    broken, whole = fit_group(bad, endless, 3, DROPPING), fit_group(x, jobs, 3, DROPPING)

    assert broken[2].steps < shape_of(endless[2], DROPPING)[1]
    assert torch.equal(*(weights_of(f).nan_to_num(7.0) for f in (broken[2], alone(bad, endless[2], DROPPING))))
    assert all(same(broken[i], whole[i]) for i in (0, 1, 3, 4))


@pytest.mark.parametrize("knob", ["width", "batch", "model"])
def test_knobs_that_a_group_shares_are_not_a_cells_own(knob):
    x, y = pool()
    other = replace(MLP, **{knob: "linear" if knob == "model" else 8})
    jobs = [jobs_on(y)[0], replace(jobs_on(y)[1], recipe=other)]

    with pytest.raises(InputError, match=f"job 1: a group has one {knob}.*: {getattr(MLP, knob)} and"):
        fit_group(x, jobs, 3, MLP)


def test_the_shape_of_a_job_is_that_of_its_training():
    x, y = pool()
    for job in [*with_own_knobs(jobs_on(y), MLP), *jobs_on(y)]:
        fitted = fit_group(x, [job], 3, MLP)[0]
        batch, most = shape_of(job, MLP)

        assert fitted.examples_seen == batch * fitted.steps
        assert fitted.steps == most if job.recipe is None or job.recipe.patience is None else fitted.steps <= most


def test_cells_leave_the_group_as_they_finish():
    x, y = pool()
    active = list(train_group(x, jobs_on(y), 3, MLP))

    assert active[0] == 5
    assert active == sorted(active, reverse=True)
    assert sum(active) == sum(f.steps for f in fit_group(x, jobs_on(y), 3, MLP))


def test_nothing_that_was_given_is_changed():
    x, y = pool()
    jobs = jobs_on(y)
    kept = [x.clone(), *(t.clone() for j in jobs for t in (j.rows, j.labels, j.weights))]
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fit_group(x, jobs, 3, DROPPING)

    assert torch.equal(torch.rand(2), expected)
    assert all(
        torch.equal(a, b)
        for a, b in zip(kept, [x, *(t for j in jobs for t in (j.rows, j.labels, j.weights))], strict=True)
    )


def test_a_trained_group_predicts_what_it_has_learnt():
    x, y = pool()
    job = Job(torch.arange(400), y, torch.ones(400), 0)
    fitted = fit_group(x, [job], 3, Recipe("mlp", width=32, epochs=20, batch=32, dropout=0.2))[0]

    assert (predict(fitted.model, x).argmax(1) == y).float().mean() > 0.85
    assert not fitted.model.training


def test_what_cannot_be_grouped_is_said():
    x, y = pool()
    with pytest.raises(InputError, match="one batch size"):
        fit_group(x, jobs_on(y, (10, 64)), 3, MLP)
    with pytest.raises(InputError, match="job 1: no row"):
        fit_group(x, [*jobs_on(y, (64,)), Job(torch.arange(5), y[:5], torch.zeros(5), 0)], 3, MLP)
    with pytest.raises(InputError, match="Conv2d"):
        fit_group(torch.zeros(10, 1, 8, 8), jobs_on(y[:10], (10,)), 3, Recipe("cnn", width=8))

    assert groupable(build(MLP, (4,), 3))
    assert not groupable(build(Recipe("cnn", width=8), (1, 8, 8), 3))

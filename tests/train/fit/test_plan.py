"""What the planner packs, chooses and survives."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch

from audit.errors import InputError
from train.augment import augment
from train.fit.models import build
from train.fit.plan import Choice, bytes_per_cell, pack, together, train_jobs
from train.fit.recipe import RECIPES, Recipe
from train.fit.vmapped import Job, train_group

MLP = Recipe("mlp", width=16, batch=16, epochs=3, fewest_steps=10, dropout=0.3)


def pool(n=200):
    g = torch.Generator().manual_seed(0)
    y = torch.randint(0, 3, (n,), generator=g)
    return torch.randn((n, 6), generator=g) + 2 * torch.eye(3, 6)[y], y


def jobs_on(y, sizes):
    g = torch.Generator().manual_seed(1)
    drawn = [torch.randperm(len(y), generator=g)[:n] for n in sizes]
    return [Job(rows, y[rows], torch.ones(len(rows)), seed) for seed, rows in enumerate(drawn)]


def same(some, others):
    pairs = zip(some.fits, others.fits, strict=True)
    return all(
        torch.equal(p, q) for a, b in pairs for p, q in zip(a.model.parameters(), b.model.parameters(), strict=True)
    )


def exhausted_above(limit, seen):
    """A trainer on a device whose memory holds `limit` cells."""

    def trainer(x, jobs, classes, recipe):
        seen.append(len(jobs))
        if len(jobs) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (yield from train_group(x, jobs, classes, recipe))

    return trainer


def test_whatever_is_chosen_the_models_are_the_same_and_in_order():
    x, y = pool()
    jobs = jobs_on(y, (40, 200, 8, 120, 9, 64))
    planned, grouped, alone = (train_jobs(x, jobs, 3, MLP, mode=m) for m in (None, "grouped", "alone"))

    assert same(planned, grouped)
    assert same(planned, alone)
    assert [f.examples_seen for f in planned.fits] == [f.examples_seen for f in alone.fits]
    assert {c.mode for c in alone.choices} == {"alone"}
    assert sum(c.cells for c in planned.choices) == 6


def test_packs_hold_every_job_once_alike_and_longest_first():
    x, y = pool()
    jobs = jobs_on(y, (40, 200, 8, 120, 9, 64, 8, 190))
    jobs[3] = Job(jobs[3].rows, jobs[3].labels, jobs[3].weights, 3, augment)
    each = bytes_per_cell(x, 3, MLP, 16)
    packs = pack(x, jobs, 3, MLP, 2 * each)

    assert sorted(i for p in packs for i in p) == list(range(8))
    assert [1, 7] in packs
    assert [3] in packs
    assert [2, 6] in packs
    assert all(len(p) <= 2 for p in packs)
    assert pack(x, jobs, 3, MLP, 1) == [[i] for p in pack(x, jobs, 3, MLP, 1 << 30) for i in p]


def test_the_estimate_of_memory_grows_with_what_a_cell_holds():
    x, _ = pool()
    wide = Recipe("mlp", width=512, batch=16)

    assert bytes_per_cell(x, 3, wide, 16) > 6 * 4 * (6 * 512 + 512 * 512 + 512 * 3)
    assert bytes_per_cell(x, 3, MLP, 64) > bytes_per_cell(x, 3, MLP, 16)


def test_the_faster_way_is_taken_and_both_times_are_told():
    x, y = pool()
    choice = train_jobs(x, jobs_on(y, [100] * 8), 3, MLP).choices[0]

    assert choice.mode == ("grouped" if choice.grouped <= choice.alone else "alone")
    assert str(choice).startswith(f"8 cells {choice.mode}: ")


def test_a_group_that_is_slow_is_given_up_for_one_after_another():
    x, y = pool()

    def slow(x, jobs, classes, recipe):
        training = train_group(x, jobs, classes, recipe)
        while True:
            end = time.process_time() + 0.05
            while time.process_time() < end:
                pass
            try:
                yield next(training)
            except StopIteration as finished:
                return finished.value

    jobs = jobs_on(y, [100] * 4)
    start = time.process_time()
    trained = train_jobs(x, jobs, 3, MLP, trainer=slow)

    assert [c.mode for c in trained.choices] == ["alone"]
    assert "quicker one after another" in str(trained.choices[0])
    assert time.process_time() - start < 0.05 * 18
    assert same(trained, train_jobs(x, jobs, 3, MLP, mode="alone"))


def test_groups_of_one_kind_are_timed_once():
    x, y = pool()
    jobs = jobs_on(y, [100] * 6)
    trained = train_jobs(x, jobs, 3, MLP, memory=2 * bytes_per_cell(x, 3, MLP, 16))

    assert [c.cells for c in trained.choices] == [2, 2, 2]
    assert [c.grouped is not None for c in trained.choices] == [True, False, False]
    assert len({c.mode for c in trained.choices}) == 1


def test_a_group_that_does_not_fit_is_halved_until_it_does():
    x, y = pool()
    jobs = jobs_on(y, (100, 90, 80, 70, 60))
    seen = []
    trained = train_jobs(x, jobs, 3, MLP, mode="grouped", trainer=exhausted_above(2, seen))

    assert seen == [5, 2, 3, 2]
    assert any("out of memory" in str(c) for c in trained.choices)
    assert same(trained, train_jobs(x, jobs, 3, MLP, mode="alone"))


def test_other_failures_are_not_taken_for_a_lack_of_memory():
    x, y = pool()

    def broken(x, jobs, classes, recipe):
        raise RuntimeError("expected m1 and m2 to have the same dtype")
        yield

    with pytest.raises(RuntimeError, match="same dtype"):
        train_jobs(x, jobs_on(y, (50, 50)), 3, MLP, trainer=broken)
    with pytest.raises(InputError, match="no row has a weight"):
        train_jobs(x, [Job(j.rows, j.labels, 0 * j.weights, 0) for j in jobs_on(y, (50, 50))], 3, MLP)


def pictures(n=40):
    g = torch.Generator().manual_seed(0)
    x = torch.randint(0, 255, (n, 1, 8, 8), generator=g, dtype=torch.uint8)
    return x, [Job(torch.arange(n), torch.arange(n) % 2, torch.ones(n), s) for s in range(3)]


CNN = Recipe("cnn", width=8, batch=8, steps=12)


def test_on_a_cpu_what_would_round_otherwise_in_a_group_trains_alone_whatever_the_clock_says():
    x, jobs = pictures()
    trained = train_jobs(x, jobs, 2, CNN)

    assert [str(c) for c in trained.choices] == [
        "3 cells alone: a group of cnn would round otherwise than each by itself"
    ]
    assert trained.modes == ("alone",) * 3
    assert same(trained, train_jobs(x, jobs, 2, CNN, mode="alone"))
    assert together(x, 2, CNN) == "alone"
    assert str(train_jobs(*_one_linear()).choices[0]) == "1 cell alone: nothing to group it with"


def test_stacking_can_be_asked_for():
    x, jobs = pictures()
    stacked, alone = (train_jobs(x, jobs, 2, CNN, mode=m) for m in ("stacked", "alone"))
    rest = train_jobs(x, jobs[1:2], 2, CNN, mode="stacked")

    assert stacked.modes == ("stacked",) * 3
    assert rest.modes == ("stacked",)
    assert [f.steps for f in stacked.fits] == [f.steps for f in alone.fits]
    for one, other in zip((*stacked.fits, *rest.fits), (*alone.fits, alone.fits[1]), strict=True):
        pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
        assert all(torch.allclose(p, q, atol=1e-3) for p, q in pairs)


def test_what_does_not_train_in_a_group_says_so_when_asked_to():
    x, jobs = pictures()

    assert str(train_jobs(x, jobs, 2, CNN, mode="grouped").choices[0]) == (
        "3 cells alone: a cnn has layers that do not train in a group"
    )


def test_linear_layers_are_grouped_unless_asked_to_be_stacked():
    x, _ = pool()

    assert together(x, 3, MLP) == "grouped"
    assert together(x, 3, MLP, "stacked") == "stacked"
    assert together(x, 3, RECIPES["boosting"]) == "alone"


def test_jobs_of_their_own_recipes_share_a_group():
    x, y = pool()
    jobs = [replace(j, recipe=replace(MLP, lr=1e-2 / (j.seed + 1), l2=0.1 * j.seed)) for j in jobs_on(y, [100] * 4)]
    own = replace(jobs[2], recipe=replace(MLP, dropout=0.0))
    together, alone = (train_jobs(x, [*jobs, own], 3, MLP, mode=m) for m in ("grouped", "alone"))

    assert [c.cells for c in together.choices] == [4, 1]
    assert same(together, alone)
    assert not same(together, train_jobs(x, [replace(j, recipe=None) for j in [*jobs, own]], 3, MLP))


def test_each_cell_is_told_how_it_was_trained():
    x, y = pool()
    trained = train_jobs(x, jobs_on(y, (8, 100, 100)), 3, MLP, mode="grouped")

    assert trained.modes == ("alone", "grouped", "grouped")
    assert train_jobs(x, [], 3, MLP).modes == ()


def test_short_work_is_not_compiled_even_where_that_is_allowed():
    x, y = pool()
    jobs = jobs_on(y, [100] * 4)
    trained = train_jobs(x, jobs, 3, MLP, compiled=True)

    assert not any(c.compiled for c in trained.choices)
    assert str(Choice(4, "grouped", "quicker", compiled=True)) == "4 cells grouped and compiled: quicker"
    assert same(trained, train_jobs(x, jobs, 3, MLP))


def test_pictures_need_memory_for_what_every_layer_puts_out():
    x, _ = pictures()
    weights = sum(p.numel() for p in build(CNN, (1, 8, 8), 2).parameters())
    outputs = 8 * (64 + 3 * 8 * 64 + 8 * 16)

    assert bytes_per_cell(x, 2, CNN, 8) > 4 * (6 * weights + 2 * outputs)
    assert bytes_per_cell(x, 2, CNN, 16) > 1.5 * bytes_per_cell(x, 2, CNN, 8)


def _one_linear():
    x, y = pool()
    return x, jobs_on(y, (50,)), 3, Recipe("linear", steps=10)

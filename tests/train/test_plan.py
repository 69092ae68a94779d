"""What the planner packs, chooses and survives."""

from __future__ import annotations

import time

import pytest
import torch

from audit.errors import InputError
from train.augment import augment
from train.plan import bytes_per_cell, pack, train_jobs
from train.recipe import Recipe
from train.vmapped import Job, train_group

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


def test_what_cannot_be_grouped_trains_alone_and_says_why():
    g = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 255, (20, 1, 8, 8), generator=g, dtype=torch.uint8)
    y = torch.arange(20) % 2
    jobs = [Job(torch.arange(20), y, torch.ones(20), s) for s in range(2)]
    trained = train_jobs(pictures, jobs, 2, Recipe("cnn", width=8, steps=2))

    assert str(trained.choices[0]) == "2 cells alone: a cnn has layers that do not train in a group"
    assert [f.steps for f in trained.fits] == [2, 2]
    assert str(train_jobs(*_one_linear()).choices[0]) == "1 cell alone: nothing to group it with"


def _one_linear():
    x, y = pool()
    return x, jobs_on(y, (50,)), 3, Recipe("linear", steps=10)

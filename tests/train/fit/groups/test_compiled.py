"""Compiled groups: the same training in other last bits, and what happens where nothing can be compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from train.augment import augment
from train.fit.device import FOLDER
from train.fit.loop import predict
from train.fit.recipe import Recipe
from train.fit.vmapped import Job, fit_group, shape_of, train_group

ROOT = Path(__file__).parents[4]
LINEAR = Recipe("linear", steps=60, batch=32, lr=1e-2, l2=0.5)
MLP = Recipe("mlp", width=17, steps=60, batch=32, lr=1e-2, l2=0.3)
DROPPING = replace(MLP, dropout=0.3)
STOPPING = replace(DROPPING, steps=None, epochs=40, patience=1, held_out=0.3, lr=5e-2)


def pool(n=400, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    return torch.randn((n, 9), generator=g) + 1.5 * torch.eye(3, 9)[y], y


def jobs_on(y, recipe, sizes=(200, 300, 400)):
    """Cells that differ in rows, weights, seed; the last two may leave before the first."""
    g = torch.Generator().manual_seed(1)
    own = [recipe, replace(recipe, dropout=0.5, lr=3e-3), replace(recipe, l2=0.0)]
    return [
        Job(torch.arange(n), y[:n], torch.rand(n, generator=g) + 0.1, seed, recipe=one)
        for seed, (n, one) in enumerate(zip(sizes, own, strict=False))
    ]


def weights_of(fitted):
    return torch.cat([p.detach().flatten() for p in fitted.model.parameters()])


@pytest.fixture
def float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("recipe", [LINEAR, MLP, DROPPING, STOPPING], ids=["linear", "mlp", "dropout", "stopping"])
@pytest.mark.parametrize("cells", [1, 3])
def test_what_is_compiled_is_the_same_training(recipe, cells, float64):
    x, y = pool()
    jobs = jobs_on(y, recipe)[:cells]
    with torch.compiler.set_stance("force_eager"):  # the function itself, without the minutes of a compiler
        compiled = fit_group(x, jobs, 3, recipe, compiled=True)

    for one, other in zip(compiled, fit_group(x, jobs, 3, recipe), strict=True):
        assert one.steps == other.steps
        assert torch.allclose(weights_of(one), weights_of(other), rtol=1e-7, atol=1e-9)
    assert recipe.patience is None or compiled[0].steps < shape_of(jobs[0], recipe)[1]


def test_augmented_cells_are_the_same_training_too(float64):
    x, y = pool()
    jobs = [replace(j, augment=augment if i else None) for i, j in enumerate(jobs_on(y, DROPPING))]
    with torch.compiler.set_stance("force_eager"):
        compiled = fit_group(x, jobs, 3, DROPPING, compiled=True)

    for one, other in zip(compiled, fit_group(x, jobs, 3, DROPPING), strict=True):
        assert torch.allclose(weights_of(one), weights_of(other), rtol=1e-7, atol=1e-9)


@pytest.mark.slow
def test_compiled_metrics_agree_within_a_fifth_of_a_point_whatever_lies_in_the_shared_cache(tmp_path, monkeypatch):
    broken = tmp_path / "no folder"
    broken.write_text("truncated")
    monkeypatch.setenv(FOLDER, str(broken))
    x, y = pool()
    x_test, y_test = pool(1000, seed=5)
    jobs = jobs_on(y, LINEAR)
    before = vars(x).copy()
    compiled, plain = fit_group(x, jobs, 3, LINEAR, compiled=True), fit_group(x, jobs, 3, LINEAR)

    for one, other in zip(compiled, plain, strict=True):
        right, wanted = ((predict(f.model, x_test).argmax(1) == y_test).double().mean() for f in (one, other))
        assert one.notes == ()
        assert abs(right - wanted) <= 0.002
        assert torch.allclose(weights_of(one), weights_of(other), atol=1e-4)
    assert os.environ[FOLDER] == str(broken)
    assert broken.read_text() == "truncated"
    assert vars(x) == before


@pytest.mark.slow
def test_without_a_compiler_the_group_trains_all_the_same_and_says_so():
    program = """
import torch
from tests.train.fit.groups.test_compiled import LINEAR, jobs_on, pool
from train.fit.vmapped import fit_group
x, y = pool()
jobs = jobs_on(y, LINEAR)
tried, plain = fit_group(x, jobs, 3, LINEAR, compiled=True), fit_group(x, jobs, 3, LINEAR)
print(all(torch.equal(p, q) for a, b in zip(tried, plain) for p, q in zip(a.model.parameters(), b.model.parameters())))
print(tried[0].notes)
"""
    env = {**os.environ, "CXX": "/bin/false", "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert ran.stdout.startswith("True\n")
    assert "trained without compiling: " in ran.stdout


def test_cells_leave_a_compiled_group_as_they_finish():
    x, y = pool()
    with torch.compiler.set_stance("force_eager"):
        active = list(train_group(x, jobs_on(y, STOPPING), 3, STOPPING, compiled=True))

    assert active[0] == 3
    assert active == sorted(active, reverse=True)

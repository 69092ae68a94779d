"""One model in two processes comes out as in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from audit.errors import InputError
from train.augment import augment
from train.fit.distributed import main
from train.fit.loop import fit
from train.fit.recipe import Recipe, recipe_for

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow  # each process imports torch, which takes seconds
DOUBLE = {
    "dropout": Recipe("mlp", width=16, epochs=3, batch=15, fewest_steps=1, dropout=0.4),
    "stopped early": Recipe("mlp", width=16, epochs=30, batch=16, lr=0.1, patience=2, fewest_steps=1),
    "pictures": Recipe("cnn", width=8, epochs=1, batch=7, fewest_steps=5),
}
"""Batches of odd sizes too: then the two shares differ."""
COMMANDED = "mlp:width=8:epochs=2"

WORKER = """
import os
import sys
import torch
from tests.train.fit.test_distributed import COMMANDED, DOUBLE, examples
from train.augment import augment
from train.fit.distributed import fit_distributed, joined, main
torch.set_default_dtype(torch.float64)
with joined():
    out = {}
    for name, recipe in DOUBLE.items():
        fitted = fit_distributed(*examples(name), recipe, 3, augment if name == "dropout" else None)
        out[name] = {"steps": fitted.steps, "epochs": fitted.epochs, **fitted.model.state_dict()}
    torch.save(out, f"{sys.argv[1]}/{torch.distributed.get_rank()}.pt")
    torch.set_default_dtype(torch.float32)
    main([f"{sys.argv[1]}/data.npz", f"{sys.argv[1]}/model.npz", "--model", COMMANDED, "--seed", "5"])
os._exit(0)  # all is written; torch's threads may abort a process that is taken down in order
"""


def examples(name):
    """(x, labels, weights, classes): vectors or pictures, some of weight 0, in float64."""
    made = torch.Generator().manual_seed(7)
    shape = (60, 1, 8, 8) if name == "pictures" else (60, 5)
    x = torch.randn(shape, generator=made, dtype=torch.float64)
    labels = torch.randint(0, 3, (60,), generator=made)
    x.flatten(1)[:, 0] += labels
    weights = torch.rand(60, generator=made, dtype=torch.float64)
    weights[::9] = 0
    return x, labels, weights, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What two gloo processes trained: 0.pt and 1.pt, {name: state} of each; and what the command wrote, model.npz."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "worker.py").write_text(WORKER)
    x, labels, _, _ = examples("vectors")
    np.savez(folder / "data.npz", x=x.float().numpy(), labels=labels.numpy())
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    argv = [*start, str(folder / "worker.py"), str(folder)]
    ran = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def both(folder):
    """The states in both processes."""
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]


@pytest.fixture
def double():
    """Models in float64, for this test."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", DOUBLE)
def test_two_processes_train_what_one_does(name, both, double):
    alone = fit(*examples(name), DOUBLE[name], 3, augment if name == "dropout" else None)
    there = both[0][name]

    assert (there.pop("steps"), there.pop("epochs")) == (alone.steps, alone.epochs)
    assert there.keys() == alone.model.state_dict().keys()
    for key, value in alone.model.state_dict().items():
        assert torch.allclose(there[key], value, rtol=0, atol=1e-9), key


def test_both_processes_hold_the_same_model(both):
    for name in DOUBLE:
        one, other = (rank[name] for rank in both)
        assert all(torch.equal(torch.as_tensor(one[k]), torch.as_tensor(other[k])) for k in one if k in other)


def test_early_stopping_stops_both_before_the_budget(both):
    recipe = DOUBLE["stopped early"]

    assert both[1]["stopped early"]["steps"] < recipe.steps_for(48)


def test_the_command_trains_a_models_state_in_float32(folder):
    x, labels, _, classes = examples("vectors")
    alone = fit(x.float(), labels, torch.ones(60), classes, recipe_for(COMMANDED), 5)

    with np.load(folder / "model.npz") as state:
        assert set(state.files) == set(alone.model.state_dict())
        for key, value in alone.model.state_dict().items():
            assert np.allclose(state[key], value.numpy(), rtol=0, atol=1e-5), key


def test_without_torchrun_it_says_how_it_is_started(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with pytest.raises(InputError, match="is started by torchrun"):
        main(["a.npz", "b.npz"])

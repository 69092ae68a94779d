"""Our training is on one CPU thread; the process that asked for it has as many as before."""

from __future__ import annotations

import pytest
import torch

from train.classifier import TorchClassifier
from train.fit.device import one_thread
from train.fit.loop import fit, predict
from train.fit.plan import train_jobs
from train.fit.recipe import Recipe
from train.fit.stacked import fit_stacked
from train.fit.vmapped import Job, fit_group

LINEAR = Recipe("linear", epochs=1, batch=16, fewest_steps=2)
X, Y, ONES = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 2, torch.ones(40)
JOBS = [Job(torch.arange(40), Y, ONES, seed) for seed in (0, 1)]
MANY = 3


@pytest.fixture(autouse=True)
def many_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(MANY)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    "work",
    [
        lambda: predict(fit(X, Y, ONES, 2, LINEAR, 0).model, X),
        lambda: fit_group(X, JOBS, 2, LINEAR),
        lambda: fit_stacked(X, JOBS, 2, LINEAR),
        lambda: train_jobs(X, JOBS, 2, LINEAR),
        lambda: TorchClassifier("linear").fit(X.numpy(), Y.numpy()).predict(X.numpy()),
    ],
    ids=["fit", "fit_group", "fit_stacked", "train_jobs", "TorchClassifier"],
)
def test_a_call_leaves_the_callers_threads_as_they_were(work):
    work()

    assert torch.get_num_threads() == MANY


def test_models_are_trained_and_asked_on_one_thread():
    seen = []

    class Watched(torch.nn.Linear):
        def forward(self, x):
            seen.append(torch.get_num_threads())
            return super().forward(x)

    def watching(x, targets, _generator):
        seen.append(torch.get_num_threads())
        return x, targets

    fit(X, Y, ONES, 2, LINEAR, 0, watching)
    train_jobs(X, [Job(torch.arange(40), Y, ONES, 0, watching)], 2, LINEAR)
    predict(Watched(3, 2), X)

    assert len(seen) > 4
    assert set(seen) == {1}


def test_threads_come_back_after_what_fails():
    with pytest.raises(ValueError, match="broken"), one_thread():
        raise ValueError("broken")

    assert torch.get_num_threads() == MANY

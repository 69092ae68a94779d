"""How a program is run on a device, and what becomes of it where nothing can be compiled."""

from __future__ import annotations

import os
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn import functional

from train.fit.device import PLAIN, Runner, Ways, own_cache, prepared, ways_for
from train.fit.models import Drop, build
from train.fit.recipe import Recipe

CPU = torch.device("cpu")
SMALL = Recipe("resnet9", width=4, dropout=0.3)


def step(forward, x, y):
    loss = functional.cross_entropy(forward(x), y)
    loss.backward()
    return loss.detach()


def start():
    """A model, a batch for it, and where its randomness stands."""
    torch.manual_seed(0)
    model = build(SMALL, (1, 8, 8), 3).train()
    for drop in (m for m in model.modules() if isinstance(m, Drop)):
        drop.key = torch.tensor(7, dtype=torch.int32)
    return model, torch.rand(8, 1, 8, 8), torch.arange(8) % 3


def state_of(model):
    gradients = [p.grad for p in model.parameters()]
    return [*gradients, *(b.clone() for b in model.buffers())]


def test_nothing_is_changed_on_a_cpu():
    assert ways_for(nn.Conv2d(1, 2, 3), CPU, 10**6) == PLAIN
    assert str(PLAIN) == "plain"
    assert str(Ways(True, True, True, True)) == "channels last, bf16, compiled, in CUDA graphs"


def test_on_a_gpu_it_follows_from_the_model_and_the_steps(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    gpu = torch.device("cuda")
    picture, linear = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2, 2)), nn.Linear(2, 2)

    assert ways_for(picture, gpu, 10) == Ways(channels_last=True, half=True)
    assert ways_for(picture, gpu, 10**5) == Ways(channels_last=True, half=True, compiled=True, graphs=True)
    assert ways_for(linear, gpu, 10) == PLAIN
    assert not ways_for(picture.double(), gpu, 10).half


def test_weights_are_laid_out_with_the_channels_last_and_compute_the_same():
    model, x, _ = start()
    model.eval()
    before = model(x)
    own = prepared(model, CPU, Ways(channels_last=True))

    assert all(
        c.weight.is_contiguous(memory_format=torch.channels_last) for c in own.modules() if isinstance(c, nn.Conv2d)
    )
    assert torch.allclose(own(x), before, atol=1e-5)


def test_in_bf16_logits_come_out_in_float32_and_nearly_the_same():
    model, x, y = start()
    half = Runner(model, CPU, Ways(half=True), list(model.buffers()))
    plain = Runner(build(SMALL, (1, 8, 8), 3).train(), CPU, PLAIN)
    plain_model, _, _ = start()
    logits = half(lambda forward, x: forward(x), x)

    assert logits.dtype == torch.float32
    assert not torch.equal(logits, plain_model(x))
    assert torch.allclose(logits, plain_model(x), atol=0.05)
    assert abs(half(step, x, y) - step(plain_model, x, y)) < 0.05
    assert plain.notes == half.notes == ()


@pytest.mark.filterwarnings("ignore:not compiled:RuntimeWarning")
def test_without_a_compiler_a_step_is_the_plain_one_and_says_so(monkeypatch):
    import torch._inductor.config as inductor

    monkeypatch.setattr(inductor.cpp, "cxx", (None, "/bin/false"))
    monkeypatch.setattr(inductor, "fx_graph_cache", False)
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).train()
    other, x, y = deepcopy(model), torch.rand(8, 4), torch.arange(8) % 3
    runner = Runner(model, CPU, Ways(compiled=True), list(model.buffers()))
    losses = [runner(step, x, y) for _ in range(2)]
    expected = [step(other, x, y) for _ in range(2)]

    assert losses == expected
    assert all(torch.equal(a, b) for a, b in zip(state_of(model), state_of(other), strict=True))
    assert len(runner.notes) == 1
    assert runner.notes[0].startswith("not compiled, ")


def test_a_broken_compiler_is_warned_of(monkeypatch):
    def broken(function, **kwargs):
        def fails(*args):
            raise OSError("file too short")

        return fails

    monkeypatch.setattr(torch, "compile", broken)
    model, x, y = start()
    runner = Runner(model, CPU, Ways(compiled=True))
    with pytest.warns(RuntimeWarning, match="not compiled, OSError: file too short"):
        runner(step, x, y)


def test_errors_of_the_step_itself_are_not_taken_for_the_compilers():
    model, x, _ = start()
    with pytest.raises(ValueError, match="Expected input batch_size"):
        Runner(model, CPU, Ways(half=True))(step, x, torch.zeros(3, dtype=torch.long))


def test_the_compilers_cache_is_this_process_s_own_meanwhile(monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "somewhere")
    with own_cache():
        inside = os.environ["TORCHINDUCTOR_CACHE_DIR"]
        assert os.path.isdir(inside)  # noqa: PTH112  a name from the environment
    assert inside != "somewhere"
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == "somewhere"
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    with own_cache():
        pass
    assert "TORCHINDUCTOR_CACHE_DIR" not in os.environ

"""What a group does on a GPU: as far as can be told without one, and, where there is one, in fact."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from train.fit import masks
from train.fit.groups.buffers import buffers_of
from train.fit.groups.cells import cells_of
from train.fit.groups.eager import take_step
from train.fit.groups.spans import SPAN, span_of
from train.fit.loop import predict
from train.fit.recipe import Recipe
from train.fit.vmapped import Job, fit_group

MLP = Recipe("mlp", width=16, batch=16, steps=200, dropout=0.3)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def jobs_on(y, count=4):
    return [Job(torch.arange(100 + 20 * s), y[: 100 + 20 * s], torch.ones(100 + 20 * s), s) for s in range(count)]


def pool(n=200, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    return torch.randn((n, 6), generator=g) + 2 * torch.eye(3, 6)[y], y


@pytest.fixture
def pretended():
    """Tensors with shapes and devices and no values: whatever mixes devices, or reads a value back, fails."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield
    masks.hashed_counters.cache_clear()


@pytest.mark.parametrize("recipe", [replace(MLP, model="linear", dropout=0.0), MLP], ids=["linear", "mlp"])
def test_a_step_on_a_gpu_stays_there_and_waits_for_nothing(recipe, request):
    cells = cells_of(*((x := pool())[0], jobs_on(x[1]), 3, recipe))
    request.getfixturevalue("pretended")
    x = torch.empty(200, 6, device="cuda")
    buffers = buffers_of(x, cells, 3)
    span = span_of(buffers, cells, 0, 10)
    take_step(buffers, span.moment(3), x)
    take_step(buffers, span.roomy(SPAN).gathered(torch.zeros(1, dtype=torch.int64, device="cuda")), x)
    buffers.keep([0, 2])
    take_step(buffers, span.keep([0, 2]).moment(0), x)

    assert {t.device.type for t in (buffers.values, buffers.layers[0].outputs, span.rows, span.keys)} == {"cuda"}
    assert span.alike is None
    with pytest.raises(RuntimeError):
        float(buffers.values[0, 0])


def test_a_step_found_by_its_place_on_the_device_is_the_step():
    x, y = pool()
    cells = cells_of(x, jobs_on(y), 3, MLP)
    span = span_of(buffers_of(x, cells, 3), cells, 5, 25)
    found, own = span.gathered(torch.tensor([7])), replace(span, alike=None, drop=None).moment(7)

    for name in ("rows", "labels", "each", "keys", "decay", "rate", "root", "least", "scale"):
        assert torch.equal(getattr(found, name), getattr(own, name)), name


@needs_cuda
@pytest.mark.parametrize("compiled", [False, True])
def test_a_gpu_trains_what_a_cpu_does(compiled):
    x, y = pool()
    x_test, y_test = pool(1000, seed=5)
    jobs = [*jobs_on(y), Job(torch.arange(200), y, torch.ones(200), 9, recipe=replace(MLP, patience=2, steps=400))]
    on_gpu = fit_group(x.cuda(), jobs, 3, MLP, compiled=compiled)

    for one, other in zip(on_gpu, fit_group(x, jobs, 3, MLP), strict=True):
        assert one.notes == ()
        right, wanted = (
            float((predict(f.model.cpu(), x_test).argmax(1) == y_test).double().mean()) for f in (one, other)
        )
        assert abs(right - wanted) <= 0.01

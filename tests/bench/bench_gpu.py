"""What only a GPU can show: many models at once against one after another, and a network against its speed run.

Without a GPU every such row says so; the accuracy of an MLP on MNIST is measured on whatever there is.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from tests.bench.goals import SHARED, Goal, at_least, at_most, not_measured
from train.augment import augmentation
from train.fit.loop import fit, predict
from train.fit.models import build
from train.fit.plan import train_jobs
from train.fit.recipe import RECIPES, Recipe
from train.fit.vmapped import Job

COMMAND = "make bench-gpu"
NO_GPU = "no GPU here"
MLPS, ROWS, FEATURES, CLASSES = 256, 10_000, 54, 7
MLP = Recipe("mlp", width=128, batch=128, steps=1000, lr=3e-3, l2=0.3)
CNNS = 64
CNN = Recipe("cnn", width=16, batch=100, steps=300, lr=3e-3, l2=3e-2)
TIMED = 4
"""Models that stand for all where they are trained one after another."""
RESNET9 = replace(RECIPES["resnet9"], epochs=16, batch=512, lr=4e-3)
SPEED_RUN_EPOCHS = 16
NEAR = 0.003
"""A share of the test set: the accuracy of the speed run counts as reached from so much below it."""
DIGITS = Recipe("mlp", width=384, epochs=24, batch=256, lr=2e-3, l2=0.05, dropout=0.1)
DIGITS_MOVED = "rotation,translation,scaling"
NAMES = {
    "eager": f"{MLPS} MLPs {FEATURES}-128-128-{CLASSES}: plain torch one by one against ours",
    "graphed": "the same, one by one in CUDA graphs",
    "cnn": f"{CNNS} small CNNs of 32 x 32: plain torch one by one against ours",
    "resnet9": "CIFAR-10, 20,000 clean rows: ResNet-9, ours against a speed run, time",
    "full": "CIFAR-10, all of it: accuracy of the ResNet-9",
    "mnist": "MNIST: accuracy of an MLP",
}
FULL = SHARED / "cifar10"
"""train.parquet and test.parquet, columns `jpeg` and `label`, where the user has them."""


def run() -> list[Goal]:
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        return [*without_gpu(), mnist(torch.device("cpu"))]
    gpu = torch.device("cuda")
    return [*many_mlps(gpu), many_cnns(gpu), resnet9(gpu), full_cifar(gpu), mnist(gpu)]


def without_gpu() -> list[Goal]:
    """The rows that need one."""
    bars = {"eager": ">= 50", "graphed": ">= 10", "cnn": ">= 5", "resnet9": "<= 1.3", "full": ">= 95"}
    return [not_measured(NAMES[row], bar, "%" if row == "full" else "x", COMMAND, NO_GPU) for row, bar in bars.items()]


# -- many models -------------------------------------------------------------------------------------------------------


def many_mlps(device: torch.device, recipe: Recipe = MLP, cells: int = MLPS) -> list[Goal]:
    """Seconds of a grid, planner included, against those of as many trainings one by one."""
    g = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn((ROWS, FEATURES), generator=g).to(device),
        torch.randint(CLASSES, (ROWS,), generator=g).to(device),
    )
    ours, how = _ours(x, y, CLASSES, recipe, cells)
    eager = _seconds(lambda: [_plain(x, y, CLASSES, recipe, s) for s in range(TIMED)], device) * cells / TIMED
    graphed = _seconds(lambda: [_graphed(x, y, CLASSES, recipe, s) for s in range(TIMED)], device) * cells / TIMED
    note = f"{ours:.1f} s, {eager:.0f} s plain, {graphed:.0f} s in graphs; {how}; {_named(device)}"
    return [
        at_least(NAMES["eager"], eager / ours, 50, "x", COMMAND, note),
        at_least(NAMES["graphed"], graphed / ours, 10, "x", COMMAND),
    ]


def many_cnns(device: torch.device, recipe: Recipe = CNN, cells: int = CNNS) -> Goal:
    g = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (ROWS, 3, 32, 32), generator=g, dtype=torch.uint8).to(device)
    y = torch.randint(10, (ROWS,), generator=g).to(device)
    ours, how = _ours(x, y, 10, recipe, cells)
    eager = _seconds(lambda: [_plain(x, y, 10, recipe, s) for s in range(TIMED)], device) * cells / TIMED
    note = f"{ours:.1f} s, {eager:.0f} s plain; {how}; {_named(device)}"
    return at_least(NAMES["cnn"], eager / ours, 5, "x", COMMAND, note)


def _ours(x: torch.Tensor, y: torch.Tensor, classes: int, recipe: Recipe, cells: int) -> tuple[float, str]:
    """Seconds, and what the planner chose."""
    jobs = [Job(torch.arange(len(x)), y.cpu(), torch.ones(len(x)), seed) for seed in range(cells)]
    train_jobs(x, jobs[:2], classes, replace(recipe, steps=3), mode="alone")  # the device awake, its libraries loaded
    choices: list[str] = []
    took = _seconds(lambda: choices.extend(str(c) for c in train_jobs(x, jobs, classes, recipe).choices), x.device)
    return took, "; ".join(dict.fromkeys(choices))


def _plain(x: torch.Tensor, y: torch.Tensor, classes: int, recipe: Recipe, seed: int) -> nn.Module:
    """A training loop as everyone writes it: rows drawn on the device, AdamW, cosine."""
    torch.manual_seed(seed)
    model = build(recipe, tuple(x.shape[1:]), classes).to(x.device).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.l2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.steps_for(len(x)))
    order = torch.randperm(len(x), device=x.device)
    for step in range(recipe.steps_for(len(x))):
        place = step * recipe.batch % (len(x) - recipe.batch)
        rows = order[place : place + recipe.batch]
        optimiser.zero_grad(set_to_none=True)
        inputs = x[rows].float() / 255 if x.dtype == torch.uint8 else x[rows]
        functional.cross_entropy(model(inputs), y[rows]).backward()
        optimiser.step()
        schedule.step()
    return model


def _graphed(x: torch.Tensor, y: torch.Tensor, classes: int, recipe: Recipe, seed: int) -> nn.Module:
    """The same step captured once in a CUDA graph, with a learning rate that lies on the device."""
    torch.manual_seed(seed)
    model = build(recipe, tuple(x.shape[1:]), classes).to(x.device).train()
    rate = torch.tensor(recipe.lr, device=x.device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=recipe.l2, capturable=True)
    steps = recipe.steps_for(len(x))
    rows = torch.zeros(recipe.batch, dtype=torch.long, device=x.device)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimiser.step()

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    order = torch.randperm(len(x), device=x.device)
    for at in range(steps):
        place = at * recipe.batch % (len(x) - recipe.batch)
        rows.copy_(order[place : place + recipe.batch])
        rate.fill_(recipe.lr * 0.5 * (1 + math.cos(math.pi * at / steps)))
        graph.replay()
    return model


# -- one model ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Pictures:
    """uint8 pictures and labels, of training and of test."""

    x: torch.Tensor
    y: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor


def resnet9(device: torch.device) -> Goal:
    """Time of ours to the accuracy of a speed run's recipe of the same network on the same device; compiling counts for
    neither: each is run once before, for an epoch."""
    if not (SHARED / "cifar10n").is_dir():
        return not_measured(NAMES["resnet9"], "<= 1.3", "x", COMMAND, "no ../shared/data/cifar10n")
    noisy = SHARED / "cifar10n"
    data = _cifar(device, noisy / "train_20k.parquet", "clean_label", noisy / "test_10k.parquet")
    scores: dict[str, float] = {}

    def theirs(epochs: int) -> None:
        scores["theirs"] = _accuracy(_speed_run(data, epochs), data)

    def ours(epochs: int) -> None:
        scores["ours"] = _accuracy(_fitted(data, epochs), data)

    for way in (theirs, ours):
        way(1)
    took = {way.__name__: _seconds(lambda way=way: way(SPEED_RUN_EPOCHS), device) for way in (theirs, ours)}
    note = f"{took['ours']:.1f} s to {scores['ours']:.2%}, speed run {took['theirs']:.1f} s to {scores['theirs']:.2%}"
    goal = at_most(NAMES["resnet9"], took["ours"] / took["theirs"], 1.3, "x", COMMAND, f"{note}; {_named(device)}")
    return replace(goal, ok=goal.ok and scores["ours"] >= scores["theirs"] - NEAR)


def full_cifar(device: torch.device, epochs: int = 40) -> Goal:
    """All 50,000 rows, where they are."""
    if not FULL.is_dir():
        return not_measured(NAMES["full"], ">= 95", "%", COMMAND, "no full CIFAR-10 in ../shared/data/cifar10")
    data = _cifar(device, FULL / "train.parquet", "label", FULL / "test.parquet")
    return at_least(NAMES["full"], 100 * _accuracy(_fitted(data, epochs), data), 95, "%", COMMAND, _named(device))


def _fitted(data: _Pictures, epochs: int) -> nn.Module:
    weights = torch.ones(len(data.y), device=data.x.device)
    return fit(data.x, data.y, weights, 10, replace(RESNET9, epochs=epochs), 0, augmentation("crop,flip")).model


def _speed_run(data: _Pictures, epochs: int, width: int = 64, batch: int = 512) -> nn.Module:
    """The recipe of the DAWNBench ResNet-9 (Page 2018): SGD with Nesterov's momentum, one triangle of the learning rate,
    label smoothing, padded crops and mirrors for a whole epoch at once, half precision, channels last, compiled."""
    torch.manual_seed(0)
    cuda = data.x.is_cuda
    model = build(Recipe("resnet9", width=width), tuple(data.x.shape[1:]), 10).to(data.x.device).train()
    model.to(memory_format=torch.channels_last)
    forward = torch.compile(model, mode="reduce-overhead") if cuda else model
    steps = epochs * (len(data.x) // batch)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.4, momentum=0.9, nesterov=True, weight_decay=5e-4)
    triangle = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: float(np.interp(s / steps, [0, 0.3, 1], [0.05, 1, 0]))
    )
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    for _ in range(epochs):
        order = torch.randperm(len(data.x), device=data.x.device)
        pictures = _cropped(data.x)
        for rows in order[: len(order) // batch * batch].split(batch):
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast(data.x.device.type, torch.bfloat16):
                inputs = pictures[rows].to(memory_format=torch.channels_last)
                value = loss(forward(inputs), data.y[rows])
            value.backward()
            optimiser.step()
            triangle.step()
    return model.eval()


def _cropped(x: torch.Tensor) -> torch.Tensor:
    """All pictures as floats, each moved by up to 4 pixels and mirrored or not."""
    n, _, height, width = x.shape
    padded = functional.pad(x.float() / 255, (4, 4, 4, 4))
    dy, dx = torch.randint(0, 9, (2, n, 1), device=x.device)
    rows, columns = torch.arange(height, device=x.device) + dy, torch.arange(width, device=x.device) + dx
    columns = torch.where(torch.rand((n, 1), device=x.device) < 0.5, columns.flip(1), columns)
    which = torch.arange(n, device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def mnist(device: torch.device, recipe: Recipe = DIGITS) -> Goal:
    """An MLP on the pixels, each batch turned, moved and scaled a little."""
    file = SHARED / "mnist/mnist.npz"
    if not file.is_file():
        return not_measured(NAMES["mnist"], ">= 98.5", "%", COMMAND, "no ../shared/data/mnist")
    with np.load(file) as arrays:
        x, y, x_test, y_test = (torch.from_numpy(arrays[f"{a}_{part}"]) for part in ("train", "test") for a in "xy")
    moved = augmentation(DIGITS_MOVED)

    def augment(
        inputs: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        pictures, shares = moved(inputs.view(-1, 1, *x.shape[1:]), targets, generator)
        return pictures.flatten(1), shares

    pixels, unseen = (p.flatten(1).to(device).float() / 255 for p in (x, x_test))
    labels, weights = y.long().to(device), torch.ones(len(y), device=device)
    start = time.process_time()
    model = fit(pixels, labels, weights, 10, recipe, 0, augment).model
    right = (predict(model, unseen).argmax(1).cpu() == y_test).double().mean()
    note = f"two hidden layers of {recipe.width}; {time.process_time() - start:.0f} s of CPU; {_named(device)}"
    return at_least(NAMES["mnist"], 100 * float(right), 98.5, "%", COMMAND, note)


# -- shared ------------------------------------------------------------------------------------------------------------


def _cifar(device: torch.device, train: Path, labels: str, test: Path) -> _Pictures:
    def read(file: Path, label: str) -> tuple[torch.Tensor, torch.Tensor]:
        table = pd.read_parquet(file, columns=["jpeg", label])
        pictures = np.stack([np.asarray(Image.open(io.BytesIO(b)).convert("RGB")) for b in table["jpeg"]])
        return torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()), torch.from_numpy(table[label].to_numpy("int64"))

    parts = (*read(train, labels), *read(test, "label"))
    return _Pictures(*(t.to(device) for t in parts))


def _accuracy(model: nn.Module, data: _Pictures) -> float:
    return float((predict(model, data.x_test).argmax(1) == data.y_test).double().mean())


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """Of the wall clock, the device's work done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _named(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "one CPU thread"

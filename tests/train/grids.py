"""A small grid, and augmentations that stop, break or kill whatever trains with them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.train.conftest import blobs
from train.fit.pool import Pool
from train.fit.recipe import Recipe
from train.grid.draws import light
from train.grid.grid import Grid
from train.grid.variants import VARIANTS, Variant

RAW, PRUNED = VARIANTS["raw"], VARIANTS["pruned"]
FAST = {"linear": Recipe("linear", epochs=2, fewest_steps=20)}


def small(variants=(RAW, PRUNED), *, sizes=(60, 120), seeds=2, recipes=FAST, noise=0.25):
    """A grid of 6-dimensional blobs."""
    data, test = blobs(300, seed=1, noise=noise), blobs(200, seed=2)
    own, other = (d.features.to_numpy("float32") for d in (data, test))
    return Grid(Pool(data, test, own, other), light(data), tuple(variants), tuple(sizes), seeds, dict(recipes))


def values(filled):
    """What a grid came to: records without what the clock said, and every bit of every answer."""
    clock = ("seconds", "repair_seconds")
    return {
        cell: ({k: v for k, v in r.record.items() if k not in clock}, r.correct.tolist(), r.predicted.tolist())
        for cell, r in filled.results.items()
    }


def own(name, augment):
    """The raw rows with an augmentation."""
    return Variant(name, RAW.treat, augment)


@dataclass(frozen=True)
class Deadly:
    """kill -9 to the process that trains with it: always, or once a ledger holds so many cells."""

    folder: str = ""
    after: int = 0

    def __call__(self, x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator):
        done = Path(self.folder) / "killed"
        if not self.folder:
            os.kill(os.getpid(), signal.SIGKILL)
        elif not done.exists() and len(list((Path(self.folder) / "cells").glob("*.npz"))) >= self.after:
            done.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return x, targets


@dataclass(frozen=True)
class Faulty:
    """A fault in the program the first time, kill -9 from then on."""

    folder: str

    def __call__(self, x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator):
        first = Path(self.folder) / "first"
        if first.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        first.touch()
        raise TypeError("no such thing")


@dataclass(frozen=True)
class Slow:
    """Waits at each step."""

    seconds: float = 0.02

    def __call__(self, x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator):
        time.sleep(self.seconds)
        return x, targets


def breaking(x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator):
    """A training that breaks."""
    raise RuntimeError("expected m1 and m2 to be equal\nand more")


def wrong(x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator):
    """A fault in a program."""
    raise TypeError("no such thing")

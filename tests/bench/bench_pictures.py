"""What a training picture costs on its way into the model, moved and mirrored: CPU microseconds of one thread.

Every way gives the same batches of floats from 0 to 1 (which this run asserts for the same moves), but that torchvision's
are also timed with the `Normalize` they usually end with; our models take their pictures as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as pil
from torchvision.transforms import v2

from tests.bench.goals import Goal, at_least
from train.augment import augmentation, take
from train.augment.moves import Moves, draw_moves
from train.fit.recipe import RECIPES
from train.fit.rng import generator

COMMAND = "python -m tests.bench pictures"
PICTURES, SIDE, PAD, CLASSES = 2048, 32, 4, 10
BATCH = RECIPES["cnn"].batch
POLICY = "crop,flip"
MEAN, SD = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)
REPEATS = 5


def run() -> list[Goal]:
    torch.set_num_threads(1)
    drawn = torch.Generator().manual_seed(0)
    pool = torch.randint(0, 256, (PICTURES, 3, SIDE, SIDE), dtype=torch.uint8, generator=drawn)
    labels = torch.randint(CLASSES, (PICTURES,), generator=drawn)
    _same(pool, labels)
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: _ours(pool, labels),
        "pil": lambda: _loaded(_Pil(pool, labels, pil.Normalize(MEAN, SD))),
        "pil, bare": lambda: _loaded(_Pil(pool, labels)),
        "v2": lambda: _loaded(_V2(pool, labels, v2.Normalize(MEAN, SD))),
        "v2, bare": lambda: _loaded(_V2(pool, labels)),
    }
    took = _cpu(ways)
    each = {name: 1e6 * seconds / PICTURES for name, seconds in took.items()}

    def note(way: str) -> str:
        return f"{each['ours']:.1f} us against {each[way]:.1f}; without Normalize {each[f'{way}, bare'] / each['ours']:.1f} x"

    what = f"{SIDE} x {SIDE} colour, batch {BATCH}, CPU a picture:"
    return [
        at_least(f"{what} DataLoader and PIL against ours", each["pil"] / each["ours"], 8, "x", COMMAND, note("pil")),
        at_least("the same, transforms.v2 picture by picture", each["v2"] / each["ours"], 12, "x", COMMAND, note("v2")),
    ]


def _ours(pool: torch.Tensor, labels: torch.Tensor) -> None:
    """An epoch's batches as the training loop takes them."""
    augment = augmentation(POLICY)
    order = torch.randperm(PICTURES, generator=generator(0, "order", 0))
    for step, chosen in enumerate(order.split(BATCH)):
        targets = functional.one_hot(labels[chosen], CLASSES).float()
        take(augment, pool, chosen, targets, generator(0, "augment", step))


def _loaded(data: Dataset[tuple[torch.Tensor, int]]) -> None:
    for inputs, labels in DataLoader(data, batch_size=BATCH, shuffle=True):
        assert inputs.dtype == torch.float32
        functional.one_hot(labels, CLASSES).float()


class _Pil(Dataset[tuple[torch.Tensor, int]]):
    """As torchvision's own data sets hand out their pictures."""

    def __init__(self, pool: torch.Tensor, labels: torch.Tensor, *last: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.pictures, self.labels = np.ascontiguousarray(pool.permute(0, 2, 3, 1).numpy()), labels.tolist()
        moves = [pil.RandomCrop(SIDE, padding=PAD), pil.RandomHorizontalFlip()]
        self.transform = pil.Compose([*moves, pil.ToTensor(), *last])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.pictures[place])), self.labels[place]


class _V2(Dataset[tuple[torch.Tensor, int]]):
    """Tensors from start to end."""

    def __init__(self, pool: torch.Tensor, labels: torch.Tensor, *last: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.pictures, self.labels = pool, labels.tolist()
        moves = [v2.RandomCrop(SIDE, padding=PAD), v2.RandomHorizontalFlip()]
        self.transform = v2.Compose([*moves, v2.ToDtype(torch.float32, scale=True), *last])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.pictures[place]), self.labels[place]


def _same(pool: torch.Tensor, labels: torch.Tensor) -> None:
    """Ours is what the others would give for the same moves: to the last bit, and to rounding."""
    chosen = torch.arange(4 * BATCH)
    targets = functional.one_hot(labels[chosen], CLASSES).float()
    got, _ = take(augmentation(POLICY), pool, chosen, targets, generator(0, "augment", 0))
    moves = draw_moves(POLICY.split(","), pool[chosen].shape, generator(0, "augment", 0))
    for i in chosen.tolist():
        picture = Image.fromarray(np.ascontiguousarray(pool[i].permute(1, 2, 0).numpy()))
        assert torch.equal(got[i], pil.functional.to_tensor(_moved(pil.functional, picture, moves, i)))
        other = v2.functional.to_dtype(_moved(v2.functional, pool[i], moves, i), scale=True)
        assert (got[i] - other).abs().max() <= 2**-23  # it multiplies by 1/255


def _moved(functions, picture, moves: Moves, i: int):
    """One picture by torchvision: mirrored, padded, cropped."""
    turned = functions.hflip(picture) if moves.mirrored[i] else picture
    top, left = PAD + int(moves.down[i]), PAD + int(moves.right[i])
    return functions.crop(functions.pad(turned, [PAD]), top, left, SIDE, SIDE)


def _cpu(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of each, taken in turns so that what else the machine does falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(REPEATS + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            if turn:  # the first fills caches
                seconds[name].append(time.process_time() - start)
    return {name: median(values) for name, values in seconds.items()}

"""The steps of an augmentation: what is drawn for a batch, on the CPU, and what the batch comes to by it.

Drawing apart from applying lets the batches of many cells be drawn each by its own generator and changed in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch

from train.augment.affine import AFFINE, draw_placing, inverse, sampled
from train.augment.colour import draw_factors, jittered
from train.augment.mixing import (
    cut,
    draw_cutmix,
    draw_cutout,
    draw_mixup,
    draw_noise,
    mixed,
    noisy,
    pasted,
)
from train.augment.moves import MOVES, draw_moves, moved
from train.augment.randaugment import changed, draw_choices

Batch = tuple[torch.Tensor, torch.Tensor]
"""Examples and their targets."""


@dataclass(frozen=True)
class Step:
    """One pass over a batch, which may do several things of a policy at once."""

    names: tuple[str, ...]
    draw: Callable[[Collection[str], Sequence[int], torch.Generator], Any]
    """By the names asked for and the batch's shape: a frozen dataclass of tensors, a row for each example."""
    apply: Callable[[torch.Tensor, torch.Tensor, Any], Batch]


STEPS = (
    Step(("noise",), lambda _, shape, g: draw_noise(shape, g), lambda x, targets, drawn: (noisy(x, drawn), targets)),
    Step(MOVES, draw_moves, lambda x, targets, drawn: (moved(x, drawn), targets)),
    Step(AFFINE, draw_placing, lambda x, targets, drawn: (sampled(x, inverse(drawn)), targets)),
    Step(
        ("randaugment",),
        lambda _, shape, g: draw_choices(shape, g),
        lambda x, targets, drawn: (changed(x, drawn), targets),
    ),
    Step(
        ("colour",), lambda _, shape, g: draw_factors(shape, g), lambda x, targets, drawn: (jittered(x, drawn), targets)
    ),
    Step(("cutout",), lambda _, shape, g: draw_cutout(shape, g), lambda x, targets, drawn: (cut(x, drawn), targets)),
    Step(("mixup",), lambda _, shape, g: draw_mixup(shape, g), mixed),
    Step(("cutmix",), lambda _, shape, g: draw_cutmix(shape, g), pasted),
)
"""In the order in which they are taken. Moves take bytes; what follows them takes floats."""


def joined(parts: Sequence[Any]) -> Any:
    """What was drawn for several batches, as drawn for them laid one behind another."""
    first = parts[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(list(parts))
    if is_dataclass(first):
        return type(first)(**{f.name: joined([getattr(p, f.name) for p in parts]) for f in fields(first)})  # type: ignore[misc]
    return first

"""`Augmentation`: a policy by name, applied to a batch in the library's order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from audit.errors import InputError, UnknownName
from train.augment.affine import AFFINE
from train.augment.colour import CHANNELS
from train.augment.moves import MOVES
from train.augment.steps import STEPS, Batch, Step, joined

Augment = Callable[[torch.Tensor, torch.Tensor, torch.Generator], tuple[torch.Tensor, torch.Tensor]]
DEFAULT = "default"
ON_VECTORS = ("noise", "mixup")
ON_PICTURES = (*MOVES, *AFFINE, "randaugment", "colour", "cutout", "mixup", "cutmix")
COLOURED = ("randaugment", "colour")
ORDER = tuple(name for step in STEPS for name in step.names)
FLIP_FROM = 16
"""Side from which the default policy mirrors colour pictures: digits and letters must not be, and are grey here."""


@dataclass(frozen=True)
class Augmentation:
    """`(x, targets, generator) → (x, targets)`, named by its policy: two of the same policy are equal.

    All randomness comes from the generator, on the CPU, so that the same is drawn on any device; and a cell's batch
    comes out the same alone and beside other cells'.
    """

    policy: str = DEFAULT

    def __call__(self, x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator) -> Batch:
        """A batch of pictures (n, c, h, w) or vectors (n, d), augmented.

        Args:
            x: floats, pictures from 0 to 1; or uint8 pictures, which come out as such floats. Otherwise the dtype and
                always the shape is kept.
            targets: (n, classes) class shares.
            generator: for this batch alone, on the CPU.
        """
        return self._applied(x, targets, self._drawn(x.shape, generator))

    def take(self, pool: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, generator: torch.Generator) -> Batch:
        """The rows (n,) of a pool, augmented: as a call on them as floats, but pictures are moved as bytes."""
        return self(pool.index_select(0, rows), targets, generator)

    def take_each(
        self, pool: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, generators: Sequence[torch.Generator]
    ) -> Batch:
        """The batches of many cells in one go: rows (cells, n), targets (cells, n, classes), a generator a cell."""
        cells, n = rows.shape
        each = [self._drawn((n, *pool.shape[1:]), g) for g in generators]
        drawn = [joined(parts) for parts in zip(*each, strict=True)]
        x, shares = self._applied(pool.index_select(0, rows.flatten()), targets.flatten(0, 1), drawn)
        return x.view(cells, n, *x.shape[1:]), shares.view(targets.shape)

    def steps_for(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """What is done to examples of this shape, (d,) or (c, h, w), in order; InputError where the policy does not
        fit them."""
        return _steps(self.policy, shape)

    def _drawn(self, shape: Sequence[int], generator: torch.Generator) -> tuple[Any, ...]:
        names = self.steps_for(tuple(shape[1:]))
        return tuple(step.draw(names, shape, generator) for step in _passes(names))

    def _applied(self, x: torch.Tensor, targets: torch.Tensor, drawn: Sequence[Any]) -> Batch:
        for step, own in zip(_passes(self.steps_for(tuple(x.shape[1:]))), drawn, strict=True):
            x, targets = step.apply(x if step.names == MOVES else floats(x), targets, own)
        return floats(x), targets


def augmentation(policy: str) -> Augmentation:
    """The augmentation of a policy: names of `ORDER` with commas between, or `default`.

    A policy for pictures and one for vectors can be told apart, `crop,flip/noise,mixup`, where some models look at
    pictures and others at their embeddings.
    """
    parts = policy.split("/")
    if len(parts) > 2:
        raise InputError(f"augmentation {policy!r}: at most two parts, PICTURES/VECTORS, and there are {len(parts)}")
    named = [_named(part, policy) for part in parts]
    if len(parts) == 2:
        for names, known, what in zip(named, (ON_PICTURES, ON_VECTORS), ("pictures", "vectors"), strict=True):
            _refuse([n for n in names if n not in (*known, DEFAULT)], what, known, policy)
    return Augmentation("/".join(",".join(names) for names in named))


def take(
    augment: Augment, pool: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
) -> Batch:
    """The rows (n,) of a pool, augmented by any function of floats; an `Augmentation` moves pictures as bytes."""
    if isinstance(augment, Augmentation):
        return augment.take(pool, rows, targets, generator)
    return augment(floats(pool.index_select(0, rows)), targets, generator)


def take_each(
    augments: Sequence[Augment | None],
    pool: torch.Tensor,
    rows: torch.Tensor,
    targets: torch.Tensor,
    generators: Sequence[torch.Generator],
) -> Batch:
    """The batches of many cells, each by its own augmentation: rows (cells, n), targets (cells, n, classes). Cells that
    share an `Augmentation` go through it together."""
    first = augments[0]
    if isinstance(first, Augmentation) and all(one == first for one in augments):
        return first.take_each(pool, rows, targets, generators)
    batches = [
        (floats(pool.index_select(0, own)), shares) if one is None else take(one, pool, own, shares, g)
        for one, own, shares, g in zip(augments, rows, targets, generators, strict=True)
    ]
    return torch.stack([x for x, _ in batches]), torch.stack([shares for _, shares in batches])


def floats(x: torch.Tensor) -> torch.Tensor:
    """uint8 pictures as floats from 0 to 1; floats as they are."""
    return x.float().div_(255) if x.dtype == torch.uint8 else x


def _named(part: str, policy: str) -> tuple[str, ...]:
    """The names of a part in the library's order."""
    names = [name.strip() for name in part.split(",") if name.strip()]
    for name in names:
        if name not in (DEFAULT, *ORDER):
            raise UnknownName.of("augmentation", name, (DEFAULT, *ORDER), where=f"policy {policy!r}")
    if not names:
        raise InputError(f"augmentation {policy!r}: names nothing; there is {', '.join((DEFAULT, *ORDER))}")
    if len(set(names)) < len(names):
        raise InputError(f"augmentation {policy!r}: a name stands there twice")
    if DEFAULT in names and len(names) > 1:
        raise InputError(f"augmentation {policy!r}: {DEFAULT} stands alone")
    if {"shift", "crop"} <= set(names):
        raise InputError(
            f"augmentation {policy!r}: shift and crop both move pictures, by their edges or black; take one"
        )
    return tuple(sorted(names, key=(DEFAULT, *ORDER).index))


@lru_cache(maxsize=64)
def _steps(policy: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    pictures = len(shape) == 3
    names = policy.split("/")[0 if pictures else -1].split(",")
    if names == [DEFAULT]:
        return _default(shape)
    known: tuple[str, ...] = ON_PICTURES if pictures else ON_VECTORS
    if pictures and shape[0] not in CHANNELS:
        known = tuple(n for n in known if n not in COLOURED)
    what = f"pictures of {shape[0]} channels" if pictures else "vectors"
    _refuse([n for n in names if n not in known], what, known, policy)
    return tuple(names)


def _default(shape: tuple[int, ...]) -> tuple[str, ...]:
    if len(shape) != 3:
        return ON_VECTORS
    return ("shift", "flip") if shape[0] == 3 and min(shape[1:]) >= FLIP_FROM else ("shift",)


def _refuse(unfit: list[str], what: str, known: tuple[str, ...], policy: str) -> None:
    if unfit:
        raise InputError(f"augmentation {policy!r}: {unfit[0]} is not for {what}; what is: {', '.join(known)}")


@lru_cache(maxsize=64)
def _passes(names: tuple[str, ...]) -> tuple[Step, ...]:
    return tuple(step for step in STEPS if set(step.names) & set(names))

"""`patched`: a torch Dataset as a repair left it: without the dropped rows, with the corrected labels, with weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audit.certificate.demand import require
from audit.certificate.record import Certificate
from audit.dataset import Dataset
from audit.errors import InputError, StaleError, some
from audit.patch import Patch


@dataclass(frozen=True, eq=False)
class Patched:
    """A map-style torch Dataset over another one; picklable where that is, and nothing is copied.

    An item is what the base gives, its second part (the label) replaced where the patch replaced it; with `weighed`
    the weight comes third. Weights by the loss and weights by the sampler are two ways to say the same expectation, and
    not the same estimator: the loss sees every row once an epoch and scales its gradient, the sampler shows rows more
    or less often and leaves the gradient alone. Both at once would count the weights twice: `sampler` refuses that.
    """

    base: Any
    indices: np.ndarray
    """(n,) int64: where the rows that are left stand in the base."""
    targets: np.ndarray
    """(n,) int64: their labels as positions in the data's classes."""
    overridden: np.ndarray
    """(n,) bool: where `targets` is not what the base says."""
    weights: np.ndarray
    """(n,) float32, 1 where nothing was said."""
    weighed: bool = False

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: int) -> tuple[Any, ...]:
        example, label, *rest = self.base[int(self.indices[item])]
        if self.overridden[item]:
            label = _like(label, self.targets[item])
        weight = (torch.tensor(self.weights[item]),) if self.weighed else ()
        return (example, label, *weight, *rest)

    def sampler(
        self, size: int | None = None, *, seed: int = 0, replacement: bool = True
    ) -> torch.utils.data.WeightedRandomSampler:
        """A sampler that draws rows in proportion to their weights: `DataLoader(data, sampler=data.sampler())`."""
        if self.weighed:
            raise InputError("the items carry their weights for the loss; a sampler would count them twice")
        generator = torch.Generator().manual_seed(seed)
        weights = torch.from_numpy(self.weights).double()
        return torch.utils.data.WeightedRandomSampler(weights, size or len(self), replacement, generator)  # type: ignore[arg-type]  # it takes tensors


def patched(
    base: Any,
    data: Dataset,
    patch: Patch | None = None,
    *,
    certificate: str | Path | Certificate | None = None,
    key: str | Path | None = None,
    suite: str | Path | None = None,
    weighed: bool = False,
) -> Patched:
    """The torch Dataset `base`, whose i-th item is the i-th row of `data`, as `patch` leaves it.

    With a certificate, training goes ahead only if that lets through what is left: `data` after the patch.

    Args:
        base: map-style; items are (example, label, …), the label its position in `data.classes`.
        data: what was audited.
        patch: what to do to it; nothing by default, and the data's own weights, where it has some.
        certificate: of the repaired data.
        key: the key file by which it must be signed.
        suite: the suite by which it must have been judged.
        weighed: whether items carry their weight for the loss.

    Raises:
        InputError: if `base` is not over the same rows.
        StaleError: if the patch is for other data.
        Uncertified: if the certificate does not let the repaired data be trained on.
    """
    _same_rows(base, data)
    left = data if patch is None else patch.apply(data)
    if certificate is not None:
        require(left, certificate, key=key, suite=suite)
    indices = data.rows.get_indexer(left.rows).astype(np.int64)
    if (indices < 0).any():
        raise StaleError(f"{data.name}: the patch left rows that are not in it: {some(left.rows[indices < 0])}")
    weights = np.ones(len(left)) if left.weights is None else left.weights
    targets = left.labels
    overridden = targets != data.labels[indices]
    return Patched(base, indices, targets, overridden, weights.astype(np.float32), weighed)


def _same_rows(base: Any, data: Dataset) -> None:
    """What can be told without opening every example: how many there are, and the labels where the base lists them."""
    if not hasattr(base, "__len__") or len(base) != len(data):
        length = len(base) if hasattr(base, "__len__") else "no"
        raise InputError(f"{type(base).__name__} has {length} items, {data.name} has {len(data):,} rows")
    listed = getattr(base, "targets", None)
    if listed is None:
        return
    given = np.asarray([v.item() if hasattr(v, "item") else v for v in listed])
    if given.dtype.kind not in "iu":
        raise InputError(f"{type(base).__name__}: its targets must be positions in the classes {some(data.classes)}")
    wrong = np.flatnonzero(given != data.labels)
    if len(wrong):
        raise InputError(f"{type(base).__name__}: other labels than {data.name}: row {some(data.rows[wrong])}")


def _like(label: Any, target: int) -> Any:
    """A corrected label of the kind that the base gives."""
    if isinstance(label, torch.Tensor):
        return torch.full_like(label, int(target))
    if isinstance(label, (int, np.integer)):
        return type(label)(target)
    raise InputError(f"the base gives labels as {type(label).__name__}; positions in the classes are needed")

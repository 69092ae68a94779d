"""One model on several devices, for a model or a batch that is too much for one (a grid of small models needs none of
this: it spreads whole cells over devices, see train/grid/executors). The same recipe, order, dropout and loss as
`train.fit.loop.fit`, and the same weights up to rounding: each process takes its slice of every batch.

From a shell, one process a device (NCCL on GPUs, gloo on CPUs):

    torchrun --nproc-per-node 2 -m train.fit.distributed data.npz model.npz --model resnet9 --seed 0

`data.npz` holds `x` (n, ...), `labels` (n,) and, if rows weigh differently, `weights` (n,); `model.npz` will hold the
model's state, an array a name. From Python: `joined` and `fit_distributed`, in every process.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from audit.errors import AssayError, InputError
from audit.files import write_bytes
from train.augment import Augment, floats
from train.fit.device import one_thread
from train.fit.loop import Fit
from train.fit.masks import dropout_keys, dropout_mask
from train.fit.models import Drop, build
from train.fit.recipe import Recipe, recipe_for
from train.fit.rng import generator, key
from train.fit.stopping import Patience, looks, mean_loss, parted


@contextmanager
def joined() -> Iterator[torch.device]:
    """The group of processes that torchrun started, while the block runs; gives this process's device. Within another
    such block it is that block's group: two groups in a row could meet each other's messages."""
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if "WORLD_SIZE" not in os.environ:
        raise InputError(
            "train.fit.distributed is started by torchrun: torchrun --nproc-per-node 2 -m train.fit.distributed …"
        )
    if distributed.is_initialized():
        yield device
        return
    if cuda:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield device
        distributed.barrier()  # a process that leaves while another still sends takes it down
    finally:
        distributed.destroy_process_group()


@one_thread()
def fit_distributed(
    x: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    classes: int,
    recipe: Recipe,
    seed: int,
    augment: Augment | None = None,
) -> Fit:
    """Train one model in all processes of the group; each returns the same one. See `train.fit.loop.fit` for the arguments.

    Every process has all rows on its device, chooses and augments the whole batch (which costs little beside the model,
    and gives each row what it gets in one process) and computes the loss of its slice. The loss is the weighted mean
    over the batch: sum over the slice, times processes, over the batch's weights, since DDP averages gradients.
    """
    kept, held = parted(weights, recipe, seed)
    rows, batch = len(kept), min(recipe.batch, len(kept))
    steps, per_epoch = recipe.steps_for(rows), max(1, rows // batch)
    part = _slice_of(batch)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(seed, "init"))
        whole = build(recipe, tuple(x.shape[1:]), classes).to(x.device).train()
        model, drops = _spread(whole, x.device, part, batch)
    training = _Training(model, drops, torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.l2))
    keys = dropout_keys(seed, 0, steps, len(drops)).to(x.device)
    patience, best, order, taken = Patience(), None, kept, 0
    for taken in range(1, steps + 1):
        epoch, place = divmod(taken - 1, per_epoch)
        if place == 0:
            order = kept[torch.randperm(rows, generator=generator(seed, "order", epoch)).to(kept.device)]
        chosen = order[place * batch : (place + 1) * batch]
        inputs, targets = floats(x[chosen]), functional.one_hot(labels[chosen], classes).float()
        if augment is not None:
            inputs, targets = augment(inputs, targets, generator(seed, "augment", taken - 1))
        rate = recipe.rate_at(taken - 1, steps)
        training.step(inputs[part], targets[part], weights[chosen], part, keys[taken - 1], rate)
        if recipe.patience is not None and looks(taken - 1, per_epoch, steps):
            patience = patience.after(_agreed_loss(model, x, labels, weights, held))
            best = {n: v.detach().clone() for n, v in model.module.state_dict().items()} if patience.improved else best
            if patience.waited >= recipe.patience:
                break
    return Fit(_plain(whole, model, best), taken, taken / per_epoch, taken * batch)


@dataclass(frozen=True, eq=False)
class _Training:
    model: DistributedDataParallel
    drops: Sequence[Drop]
    optimiser: torch.optim.AdamW

    def step(
        self,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        part: slice,
        keys: torch.Tensor,
        rate: float,
    ) -> None:
        """One step on this process's slice of a batch; `weights` are the whole batch's."""
        for drop, own in zip(self.drops, keys, strict=True):
            drop.key = own
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = -(targets * self.model(inputs).log_softmax(dim=1)).sum(dim=1)
        self.optimiser.zero_grad(set_to_none=True)
        (distributed.get_world_size() * (loss * weights[part]).sum() / weights.sum()).backward()
        self.optimiser.step()


class _Part(nn.Module):
    """Dropout of a slice: the mask is made for the whole batch, as one process would, and cut."""

    def __init__(self, drop: Drop, part: slice, batch: int) -> None:
        super().__init__()
        self.drop, self.part, self.batch = drop, part, batch

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x, with units dropped while training."""
        if not (self.training and self.drop.p):
            return x
        shape = (self.batch, *([1] * (x.dim() - 1) if self.drop.whole else x.shape[1:]))
        return x * dropout_mask(self.drop.key, shape, self.drop.p, x.dtype)[self.part]


def _slice_of(batch: int) -> slice:
    """This process's share of a batch; shares differ by at most one row."""
    world, rank = distributed.get_world_size(), distributed.get_rank()
    if batch < world:
        raise InputError(f"a batch of {batch} rows cannot be shared between {world} processes")
    return slice(batch * rank // world, batch * (rank + 1) // world)


def _spread(
    whole: nn.Module, device: torch.device, part: slice, batch: int
) -> tuple[DistributedDataParallel, list[Drop]]:
    """The model as this process trains it, and its dropouts in order."""
    drops = [m for m in whole.modules() if isinstance(m, Drop) and m.p]
    for module in list(whole.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Drop):
                setattr(module, name, _Part(child, part, batch))
    if any(isinstance(m, _BatchNorm) for m in whole.modules()):
        if device.type != "cuda" and distributed.get_world_size() > 1:
            raise InputError("batch normalisation over several processes needs GPUs: it must see the whole batch")
        whole = nn.SyncBatchNorm.convert_sync_batchnorm(whole)  # type: ignore[no-untyped-call]
    return DistributedDataParallel(whole, device_ids=[device] if device.type == "cuda" else None), drops


def _agreed_loss(
    model: DistributedDataParallel, x: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, held: torch.Tensor
) -> float:
    """The first process's loss on the rows held out: all must stop at the same step."""
    loss = mean_loss(model.module.eval(), floats(x[held]), labels[held], weights[held])
    model.train()  # type: ignore[no-untyped-call]
    distributed.broadcast(loss, src=0)
    return float(loss)


def _plain(whole: nn.Module, model: DistributedDataParallel, best: dict[str, torch.Tensor] | None) -> nn.Module:
    """The trained model without what only several processes need."""
    state = best or model.module.state_dict()
    for module in list(whole.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, _Part):
                setattr(module, name, child.drop)
    whole.load_state_dict(state)
    return whole.eval()


def main(argv: Sequence[str]) -> None:
    """The command in this module's docstring."""
    parser = argparse.ArgumentParser(prog="torchrun … -m train.fit.distributed", description=fit_distributed.__doc__)
    parser.add_argument("data", type=Path, help="npz with x, labels and, optionally, weights")
    parser.add_argument("output", type=Path, help="npz that will hold the model's state")
    parser.add_argument("--model", default="mlp", help="its name, and knobs that differ from its recipe")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(argv)
    with joined() as device:
        x, labels, weights = (torch.from_numpy(v).to(device) for v in _read(asked.data))
        fitted = fit_distributed(x, labels, weights, int(labels.max()) + 1, recipe_for(asked.model), asked.seed)
        if distributed.get_rank() == 0:
            buffer = io.BytesIO()
            np.savez(buffer, **{name: value.cpu().numpy() for name, value in fitted.model.state_dict().items()})
            write_bytes(asked.output, buffer.getvalue())


def _read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            x, labels = held["x"], held["labels"].astype(np.int64)
            return x, labels, held["weights"] if "weights" in held else np.ones(len(x), np.float32)
    except (OSError, ValueError, KeyError) as broken:
        raise InputError(f"{path}: no arrays x and labels in an .npz: {broken}") from None


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AssayError as error:
        sys.exit(str(error))

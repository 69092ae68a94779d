"""One program on one device, as quick as it goes: memory format, precision, compiler, CUDA graphs.

What is done follows from the model, the device and the number of steps, never from the clock, so that a cell is always
trained the same way:

CPU    nothing: whatever rounds otherwise than plain torch would make a cell differ from itself in a group
CUDA   convolutions in bf16 (autocast; weights, statistics and loss stay in float32) with channels last;
       from `COMPILE_FROM` steps on compiled and captured in CUDA graphs, which saves a launch for each operation

A compiler that breaks (no compiler at all, a truncated file in its cache) is a warning and a note, never a failure: the
program goes on as plain torch. A compiler killed half-way leaves a truncated library in its cache, and loading that kills
the process, so every process compiles into a folder of its own and removes it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from torch import nn

COMPILE_FROM = 500
"""Steps of a training on a GPU from which it is compiled. The cells of a grid share one program as long as their batches
have one shape, so that its half a minute is paid once."""
FOLDER = "TORCHINDUCTOR_CACHE_DIR"
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Ways:
    """How a program is run."""

    channels_last: bool = False
    half: bool = False
    """Convolutions and products in bf16."""
    compiled: bool = False
    graphs: bool = False
    """Compiled, and captured in CUDA graphs."""

    def __str__(self) -> str:
        named = {"channels last": self.channels_last, "bf16": self.half, "compiled": self.compiled}
        named["in CUDA graphs"] = self.graphs
        return ", ".join(name for name, on in named.items() if on) or "plain"


PLAIN = Ways()


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one CPU thread, since sums over several round otherwise; afterwards on the caller's again. Decorates too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def here() -> torch.device:
    """The GPU, where there is one; else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def ways_for(model: nn.Module, device: torch.device, steps: int) -> Ways:
    """How to run a model that trains for so many steps."""
    if device.type != "cuda":
        return PLAIN
    convolves = any(isinstance(m, nn.Conv2d) for m in model.modules())
    single = next(model.parameters()).dtype == torch.float32
    half = convolves and single and torch.cuda.is_bf16_supported(including_emulation=False)
    long = steps >= COMPILE_FROM
    return Ways(channels_last=convolves, half=half, compiled=long, graphs=long)


def prepared(model: nn.Module, device: torch.device, ways: Ways) -> nn.Module:
    """The model on its device, its weights laid out as `ways` has it."""
    model.to(device)
    if ways.channels_last:
        model.to(memory_format=torch.channels_last)
    return model


class Runner:
    """Runs steps with a forward pass in its compiled form, until that breaks; from then on with the pass itself."""

    def __init__(
        self, forward: Callable[..., torch.Tensor], device: torch.device, ways: Ways, state: Sequence[torch.Tensor] = ()
    ) -> None:
        """`state`: what a forward pass changes, as BatchNorm's running statistics, put back when a step is repeated."""
        self.ways = ways
        self.notes: tuple[str, ...] = ()
        self._plain = _cast(forward, device) if ways.half else forward
        self._forward: Callable[..., torch.Tensor] = self._plain
        self._state = list(state)
        self._proven = not ways.compiled
        if ways.compiled:
            self._forward = torch.compile(self._plain, mode="reduce-overhead" if ways.graphs else None)

    def __call__(
        self, step: Callable[Concatenate[Callable[..., torch.Tensor], P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`step(forward, …)`: its forward pass and its backward pass, both of which the compiler sees here first."""
        if self._forward is self._plain:
            return step(self._plain, *args, **kwargs)
        if self.ways.graphs:
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        if self._proven:
            return step(self._forward, *args, **kwargs)
        before = [t.detach().clone() for t in self._state]
        try:
            with warnings.catch_warnings(), own_cache():
                # the counters behind dropout's masks are the same whether cached or not
                warnings.filterwarnings("ignore", message="Dynamo detected a call to a `functools.lru_cache`")
                out = step(self._forward, *args, **kwargs)
        except compiler_errors() as error:
            self._give_up(error, before)
        else:
            self._proven = True
            return out
        return step(self._plain, *args, **kwargs)

    def _give_up(self, error: BaseException, before: Sequence[torch.Tensor]) -> None:
        why = " ".join(str(error).split())[:200]
        note = f"not compiled, {type(error).__name__}: {why}".rstrip(": ")
        warnings.warn(note, RuntimeWarning, stacklevel=4)
        self.notes = (*self.notes, note)
        self._forward = self._plain
        with torch.no_grad():
            for own, kept in zip(self._state, before, strict=False):
                own.copy_(kept)


def compiler_errors() -> tuple[type[Exception], ...]:
    """How torch.compile says that it failed; what fails in the program itself is none of these."""
    from torch._dynamo import exc

    return (exc.TorchDynamoException, exc.FailOnRecompileLimitHit, OSError)


@contextmanager
def own_cache() -> Iterator[None]:
    """Meanwhile torch.compile's cache is this process's own folder."""
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = _folder()
    try:
        yield
    finally:
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before


@cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="assay-compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _cast(forward: Callable[..., torch.Tensor], device: torch.device) -> Callable[..., torch.Tensor]:
    """The pass in bf16 where that is safe, its result in float32."""

    def cast(*args: Any) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return forward(*args).float()

    return cast

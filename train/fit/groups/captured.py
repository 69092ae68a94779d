"""The steps of a group on a GPU, replayed as one CUDA graph: a launch a step, whatever the group does in it.

The step is train/fit/groups/eager.py's. What a span takes in is copied to memory that stays where it is, and the graph
counts the steps itself. A group whose cells augment their batches is not captured: their generators live on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import torch

from train.fit.groups.buffers import Buffers
from train.fit.groups.cells import Cell
from train.fit.groups.compiled import CannotCompile
from train.fit.groups.eager import Eager, take_step
from train.fit.groups.spans import SPAN, Span


@dataclass(frozen=True, eq=False)
class Captured:
    """A group, the memory its spans are copied to, and the place in it of the next step."""

    buffers: Buffers
    x: torch.Tensor
    memory: Span
    place: torch.Tensor
    """(1,) on the device."""

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        """(cells, *shape) each, those still training in front."""
        return self.buffers.parameters

    def step(self, cells: Sequence[Cell], span: Span, step: int, i: int) -> None:  # noqa: ARG002  as the others take it
        """Take the i-th step of the span; raises CannotCompile before anything is changed."""
        if any(c.augment for c in cells):
            raise CannotCompile("augmentation draws on the CPU, and a CUDA graph cannot")
        if i == 0 or "graph" not in self.__dict__:
            self._copy(span, i)
        self.graph.replay()

    @cached_property
    def graph(self) -> torch.cuda.CUDAGraph:
        """The step, captured; what warming up changed is put back."""
        state = (self.buffers.values, self.buffers.first, self.buffers.second, self.place)
        before = [t.clone() for t in state]
        graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream(self.x.device)  # type: ignore[no-untyped-call]
        try:
            side.wait_stream(torch.cuda.current_stream(self.x.device))
            with torch.cuda.stream(side):
                self._step()
            torch.cuda.current_stream(self.x.device).wait_stream(side)
            for tensor, old in zip(state, before, strict=True):
                tensor.copy_(old)
            with torch.cuda.graph(graph):
                self._step()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            for tensor, old in zip(state, before, strict=True):
                tensor.copy_(old)
            raise CannotCompile.of(error) from error
        return graph

    def keep(self, places: Sequence[int]) -> Captured:
        """The same with only the cells at these places, to be captured anew."""
        self.buffers.keep(places)
        return captured_of(self.buffers, self.x, self.memory.keep(range(len(places))))

    def eager(self) -> Eager:
        """The same group, without a graph."""
        return Eager(self.buffers, self.x)

    def _step(self) -> None:
        take_step(self.buffers, self.memory.gathered(self.place), self.x)
        self.place.add_(1)

    def _copy(self, span: Span, i: int) -> None:
        self.place.fill_(i)
        for field in fields(Span):
            own, new = getattr(self.memory, field.name), getattr(span, field.name)
            if isinstance(own, torch.Tensor):
                own[: len(new)] = new


def captured_of(buffers: Buffers, x: torch.Tensor, like: Span) -> Captured:
    """A group to be captured at its first step, with room for spans like this one."""
    return Captured(buffers, x, like.roomy(SPAN), torch.zeros(1, dtype=torch.int64, device=x.device))

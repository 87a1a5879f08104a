"""Copies of data on a card that several trainings of one process read."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import torch

Key = tuple[int, torch.device]


class CardCopies:
    """One copy on each device of a tensor, for as long as a training uses it.

    Trainings on the same data set read the same tensors in memory (`data.common.stored` keeps
    them), and never write into them.
    """

    def __init__(self) -> None:
        self._copies: dict[Key, tuple[weakref.ref[torch.Tensor], weakref.ref[torch.Tensor]]] = {}

    def find(self, tensor: torch.Tensor, device: torch.device) -> torch.Tensor | None:
        """Return the copy of a tensor on a device, None if there is none."""
        kept = self._copies.get((id(tensor), device))
        if kept is None or kept[0]() is not tensor:  # another tensor had the same id
            return None
        return kept[1]()

    def copy(
        self,
        tensor: torch.Tensor,
        device: torch.device,
        make: Callable[[torch.Tensor, torch.device], torch.Tensor],
    ) -> torch.Tensor:
        """Return the copy of a tensor on a device; `make` makes it if there is none."""
        found = self.find(tensor, device)
        if found is None:
            found = make(tensor, device)
            self._copies = {k: v for k, v in self._copies.items() if v[1]() is not None}
            self._copies[id(tensor), device] = weakref.ref(tensor), weakref.ref(found)
        return found


copies = CardCopies()  # of this process


def on_card(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return the copy of a tensor on a card, for the stream of this job.

    A new copy is complete before another job can read it. It was allocated for the stream of the
    job that made it: `record_stream` keeps the allocator from giving its memory away there while
    kernels of this stream still read it.
    """
    copy = copies.copy(tensor, device, _moved)
    copy.record_stream(torch.cuda.current_stream(device))
    return copy


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    moved = tensor.to(device)
    torch.cuda.current_stream(device).synchronize()
    return moved

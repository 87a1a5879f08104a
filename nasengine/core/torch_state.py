"""State of torch (generators, threads, a network's mode): changed in a block and restored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Seed torch's global generators inside the block and restore their states afterwards.

    Args:
        seed: Seed of the generators.
        device: Device whose generator is restored in addition to the CPU's.
    """
    import torch

    kind = device.type if device is not None else "cpu"
    cuda = [device.index or 0] if device is not None and kind == "cuda" else []
    mps = torch.mps.get_rng_state() if kind == "mps" else None
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        try:
            yield
        finally:
            if mps is not None:
                torch.mps.set_rng_state(mps)


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Set the number of CPU threads inside the block (0 or None: unchanged) and restore it."""
    import torch

    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count:
            torch.set_num_threads(before)


@contextmanager
def evaluation_mode(network: torch.nn.Module) -> Iterator[None]:
    """Set evaluation mode inside the block, then restore the mode of every module."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training

"""State of torch (generators, threads, a network's mode): changed in a block and restored."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

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


class ProcessState:
    """The global state of a process that belongs to one of the jobs that take turns in it.

    These are the generators of torch, Python and NumPy and the number of CPU threads. Gradient,
    inference and autocast modes and the current CUDA stream need no copy: torch keeps one for each
    thread.

    Args:
        like: The state with which this one starts; None: the present one of the process.
    """

    _cpu: torch.Tensor
    _cuda: list[Any]  # a generator for each card
    _python: tuple[Any, ...]
    _numpy: Any
    _threads: int

    def __init__(self, like: ProcessState | None = None):
        cards = _cuda_generators() if like is None else like._generators
        self._generators: Sequence[Any] = cards
        if like is None:
            self.save()
            return
        self._cpu, self._python, self._numpy = like._cpu, like._python, like._numpy
        self._threads = like._threads
        self._cuda = [_copied(generator) for generator in like._cuda]

    def save(self) -> None:
        """Take the present state of the process."""
        import torch

        self._cpu = torch.get_rng_state()
        self._cuda = [one.graphsafe_get_state() for one in self._generators]
        self._python, self._numpy = random.getstate(), np.random.get_state()
        self._threads = torch.get_num_threads()

    def restore(self) -> None:
        """Make this the state of the process."""
        import torch

        torch.set_rng_state(self._cpu)
        # The generators are not copied: the default one of a card is made to use another state
        # object. A recorded CUDA graph draws its numbers from the object that was in use when it
        # was recorded, so each job keeps one of its own.
        for generator, state in zip(self._generators, self._cuda, strict=True):
            generator.graphsafe_set_state(state)
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)

    def settle(self) -> None:
        """Wait for what all jobs have launched on the cards."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()


@contextmanager
def own_stream() -> Iterator[None]:
    """Launch the CUDA work of this thread on a stream of its own inside the block.

    Its kernels then run next to those of other threads. Everything that a job computes, from its
    data to its score, is launched on this one stream, so no tensor has to cross from another one;
    a recorder of graphs has a second stream and makes each wait for the other. Streams of torch do
    not wait for the default stream.
    """
    import torch

    if not torch.cuda.is_available():
        yield
        return
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        try:
            yield
        finally:
            stream.synchronize()


def _cuda_generators() -> Sequence[Any]:
    """Return torch's default generators, one for each card."""
    import torch

    if not torch.cuda.is_available():
        return ()
    torch.cuda.init()  # before, the tuple is empty
    return torch.cuda.default_generators


def _copied(generator: Any) -> Any:
    """Return a CUDA generator in the same state, which is a state object of its own."""
    import torch

    copy = torch.Generator(generator.device)
    copy.set_state(generator.get_state())
    return copy.graphsafe_get_state()

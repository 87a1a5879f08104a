"""WeightStore: checkpoints of the trained candidates of one search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from .architecture import Architecture

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An architecture with the state of its trained network.

    `weights` maps each name of the network's state_dict, running statistics included, to an
    array. The arrays are read-only by convention: several children may inherit them.
    """

    architecture: Architecture
    weights: Weights


class WeightStore(ABC):
    """The checkpoints of one search by candidate number.

    Putting a checkpoint twice is harmless: a candidate always produces the same weights.
    """

    @abstractmethod
    def get(self, number: int) -> Checkpoint | None:
        """Return the checkpoint of a candidate, None if there is none or it is damaged.

        Raises:
            EngineError: the checkpoint exists, but this process may not read it.
        """

    @abstractmethod
    def put(self, number: int, checkpoint: Checkpoint) -> None:
        """Store a checkpoint atomically.

        Raises:
            EngineError: it cannot be stored, for instance because the disk is full.
        """

    @abstractmethod
    def drop(self, number: int) -> None:
        """Delete the checkpoint of a candidate if there is one."""

    @contextmanager
    def lock(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Hold a lock that one process of the search holds at a time.

        The lock only avoids duplicate work, and a store may provide none: work inside must be
        harmless when it is done twice.

        Raises:
            Cancelled: `cancelled` returned True while another process held the lock.
        """
        yield


class _NoWeights(WeightStore):
    """Stores nothing."""

    def get(self, number: int) -> Checkpoint | None:
        return None

    def put(self, number: int, checkpoint: Checkpoint) -> None:
        return None

    def drop(self, number: int) -> None:
        return None


class MemoryWeightStore(WeightStore):
    """Stores checkpoints in this process, 4 bytes per parameter and candidate."""

    def __init__(self) -> None:
        self._checkpoints: dict[int, Checkpoint] = {}

    def get(self, number: int) -> Checkpoint | None:
        return self._checkpoints.get(number)

    def put(self, number: int, checkpoint: Checkpoint) -> None:
        self._checkpoints[number] = checkpoint

    def drop(self, number: int) -> None:
        self._checkpoints.pop(number, None)


NO_WEIGHTS = _NoWeights()

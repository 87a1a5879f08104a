"""WeightStore: what trained candidates of one search leave behind for their children."""

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
    """What a trained candidate leaves behind: its architecture and its network's state.

    `weights` maps each name of the network's state_dict, running statistics included, to an
    array. Nobody changes the arrays: other children may inherit them too.
    """

    architecture: Architecture
    weights: Weights


class WeightStore(ABC):
    """The legacies of one search's candidates, by number.

    Putting twice is harmless: the same candidate leaves the same weights.
    """

    @abstractmethod
    def get(self, number: int) -> Checkpoint | None:
        """What a candidate left behind, None where it left nothing that can be read.

        Raises:
            EngineError: there is something, and this process may not read it.
        """

    @abstractmethod
    def put(self, number: int, legacy: Checkpoint) -> None:
        """Keeps what a candidate leaves behind, whole or not at all.

        Raises:
            EngineError: it cannot be kept; says why.
        """

    @abstractmethod
    def drop(self, number: int) -> None:
        """Forgets what a candidate left behind; nothing happens where it left nothing."""

    @contextmanager
    def lock(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """One process of the search at a time is inside, for work that would be done twice.

        Only spares work: what is done inside must be harmless when it is done twice.

        Raises:
            Cancelled: `cancelled` said so while another one was inside.
        """
        yield


class _NoWeights(WeightStore):
    """Keeps nothing."""

    def get(self, number: int) -> Checkpoint | None:
        return None

    def put(self, number: int, legacy: Checkpoint) -> None:
        return None

    def drop(self, number: int) -> None:
        return None


class MemoryWeightStore(WeightStore):
    """Keeps everything in this process; 4 bytes a parameter and candidate."""

    def __init__(self) -> None:
        self._legacies: dict[int, Checkpoint] = {}

    def get(self, number: int) -> Checkpoint | None:
        return self._legacies.get(number)

    def put(self, number: int, legacy: Checkpoint) -> None:
        self._legacies[number] = legacy

    def drop(self, number: int) -> None:
        self._legacies.pop(number, None)


NO_WEIGHTS = _NoWeights()

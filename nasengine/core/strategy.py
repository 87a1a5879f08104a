"""Strategy: the interface of what to try next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from .objective import Constraint, Goal
from .outcome import Outcome
from .proposal import Proposal
from .space import Space


@dataclass(frozen=True)
class Task:
    """What a strategy is told about the search: never how things are evaluated."""

    space: Space
    goals: tuple[Goal, ...]
    constraints: tuple[Constraint, ...] = ()
    seed: int = 0
    candidates: int = 100


class Strategy(ABC):
    """A fold over numbered asks and tells.

    Laws, each held by a contract test: the same seed and the same sequence of asks and
    tells give the same proposals; `state_dict` is small JSON and holds everything, what
    is in flight included; save, new process, load, go on equals going on; every kind of
    outcome is accepted, in any order. Proposals number from 0 without gaps.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    requires: ClassVar[frozenset[str]] = frozenset()
    view_kind: ClassVar[str] = ""

    def __init__(self, config: Any, task: Task):
        self.config = config
        self.task = task

    @abstractmethod
    def ask(self) -> Proposal | None:
        """The next proposal; None when it must first be told more, or is `finished`."""

    @abstractmethod
    def tell(self, outcome: Outcome) -> None:
        """Takes the ending of an earlier proposal.

        Raises:
            EngineError: the number was never asked or is already told.
        """

    @property
    def finished(self) -> bool:
        """Whether nothing will ever be asked again (budget apart)."""
        return False

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on, as JSON; has a "version"."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over a saved state of this version or any released one before it."""

    def view(self) -> dict[str, Any]:
        """The method's inner life for the page, JSON of the form named by `view_kind`."""
        return {}

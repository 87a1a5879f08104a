"""Strategy: the interface of search methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .errors import EngineError
from .objective import Constraint, Goal
from .outcome import Outcome
from .proposal import Proposal
from .space import Space

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Task:
    """The search problem as a strategy sees it: space, goals, constraints, seed and budget.

    How candidates are evaluated is not part of it.
    """

    space: Space
    goals: tuple[Goal, ...]
    constraints: tuple[Constraint, ...] = ()
    seed: int = 0
    candidates: int = 100


class Strategy(ABC):
    """A search method: it proposes candidates and learns from their outcomes.

    `ask` returns numbered proposals, from 0 without gaps; `tell` takes their outcomes, in any
    order. Contract tests hold every strategy to these laws:

    - The same seed and the same sequence of asks and tells give the same proposals.
    - `state_dict` is small JSON and complete, including proposals in flight.
    - A restored strategy continues exactly as if it had not been interrupted, also in another
      process.
    - Every kind of outcome is accepted.

    Attributes:
        name: the catalogue name.
        Config: the frozen dataclass of settings.
        requires: capabilities that the space must have.
        view_kind: names the form of `view`, so that the page can render it; "" for none.
        can_steer: whether `steer` can direct the search to a part of the front.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    requires: ClassVar[frozenset[str]] = frozenset()
    view_kind: ClassVar[str] = ""
    can_steer: ClassVar[bool] = False

    def __init__(self, config: DataclassInstance, task: Task):
        self.config = config
        self.task = task

    @abstractmethod
    def ask(self) -> Proposal | None:
        """Return the next proposal.

        None if the strategy needs more outcomes first, or is `finished`.
        """

    @abstractmethod
    def tell(self, outcome: Outcome) -> None:
        """Record the outcome of an earlier proposal.

        Raises:
            EngineError: the number was never asked, or its outcome was told before.
        """

    def repeat(self, proposal: Proposal) -> Proposal | None:
        """Propose the architecture of an earlier proposal again, because its evaluation failed.

        The repetition has the next number and an outcome of its own, which `tell` takes like any
        other; so it takes that of the failure, before or after. It is proposed only on request.

        Args:
            proposal: an earlier proposal with the task "evaluate".

        Returns:
            The next proposal, in flight from now on; None if this strategy repeats nothing.
        """
        return None

    def steer(self, target: Mapping[str, float] | None) -> None:
        """Prefer candidates close to a point of the objective space from the next `ask` on.

        The point is part of the state. Only strategies with `can_steer` implement it.

        Args:
            target: values of some objectives by name, in their units; None prefers no part of
                the front, as at the beginning.

        Raises:
            EngineError: this strategy, or this search, cannot be steered.
        """
        raise EngineError(f"strategy {self.name} cannot be steered")

    @property
    def proxies(self) -> tuple[str, ...]:
        """Return the proxies whose scores this strategy asks for, with these settings."""
        return ()

    @property
    def finished(self) -> bool:
        """Whether `ask` will never return a proposal again, whatever the budget."""
        return False

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue, as JSON with a "version"."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state saved by this or an earlier release.

        Raises:
            EngineError: this release cannot read the state's version.
        """

    def view(self) -> dict[str, Any]:
        """Return the method's diagnostics for the run page, JSON in the form of `view_kind`."""
        return {}

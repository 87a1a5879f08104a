"""Estimator: the interface of how good a proposal is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from .objective import Goal
from .outcome import Outcome
from .proposal import Proposal
from .space import Space
from .weight_store import NO_WEIGHTS, WeightStore

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Evaluation:
    """Everything an estimator needs to evaluate one proposal.

    `seed` is derived from (run seed, number), so the order of completion changes nothing;
    `search_seed` is the run's own, for what its candidates have in common.
    `weights` holds what candidates of the same search have left behind, by number.
    `report` is called with a JSON object after every epoch; `cancelled` is asked between
    batches. `data` and `data_config` name a data set; an estimator that needs none
    ignores them.
    """

    proposal: Proposal
    space: Space
    goals: tuple[Goal, ...]
    seed: int
    dataset: str
    dataset_config: dict[str, Any]
    report: Report
    cancelled: Callable[[], bool]
    weights: WeightStore = NO_WEIGHTS
    search_seed: int = 0


class Estimator(ABC):
    """Gives a proposal its measurements.

    `Config` holds its settings. `provides(goal)` says which objectives it reports itself;
    the others are measured on the built network by `nasengine.execution.loop`. One that does not
    build networks needs no data set either: `dataset` is then a name it alone understands.
    One that trains no candidate by itself, as with weights that all of them share, is not `alone`.
    An `instant` one answers within milliseconds out of what lies ready, without torch: whoever
    asks the strategy may ask it as well, and no worker need take the candidate.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    builds_network: ClassVar[bool] = True
    trains_standalone: ClassVar[bool] = True
    is_lookup: ClassVar[bool] = False

    def __init__(self, config: Any):
        self.config = config

    @abstractmethod
    def provides(self, goal: Goal) -> bool:
        """Whether `evaluate` itself measures this goal."""

    def goal(self, name: str, dataset: str) -> Goal | None:
        """A goal that only this estimator knows, as a table knows its columns; None: none.

        Raises:
            EngineError: the estimator's goals cannot be found out; says why.
        """
        return None

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        """What of a search does not suit this estimator: dotted setting -> message."""
        return {}

    @abstractmethod
    def evaluate(self, evaluation: Evaluation) -> Outcome:
        """Evaluates one proposal.

        Returns an Outcome of state done, pruned or diverged. Raises Cancelled when asked
        to end early, EngineError for a refusal; any other exception is a failure that
        the caller turns into a `failed` outcome with its reason.
        """

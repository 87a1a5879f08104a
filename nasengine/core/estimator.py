"""Estimator: the interface for measuring the quality of a proposal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .architecture import Architecture
from .measurement import Measurement
from .meter import Meter
from .objective import Constraint, Goal
from .outcome import Outcome
from .progress import Progress
from .proposal import Proposal
from .space import Space
from .weight_store import NO_WEIGHTS, WeightStore

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Report = Callable[[dict[str, Any]], None]


class CheapCosts(Protocol):
    """Costs that are known before training, of any architecture of the space."""

    @property
    def goals(self) -> tuple[Goal, ...]:
        """The objectives that are counted, without timing."""

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The constraints on these costs."""

    def values(self, architecture: Architecture) -> dict[str, float]:
        """Return the costs by objective name."""

    def violation(self, architecture: Architecture) -> float:
        """Return by how much the costs violate the constraints; 0 if they meet them."""


@dataclass(frozen=True)
class Evaluation:
    """The input of an estimator: one proposal and its surroundings.

    Attributes:
        seed: Derived from (run seed, number), so results do not depend on the order in which
            candidates finish.
        search_seed: The seed of the whole run, for parts that its candidates share.
        dataset: Name of the data set; an estimator that reads no data ignores it.
        report: Called with a JSON object after every epoch.
        cancelled: Called between batches; True ends the evaluation with Cancelled.
        weights: Checkpoints of the search's earlier candidates, by number.
        meter: Takes the time that a GPU is used.
        costs: Measures the cheap costs of further architectures, for trainers that derive some;
            None if there are none.
        first_weights: Whether the weights after the first part of a training are those that
            children inherit, because its later parts may end at any time.
        progress: Where an unfinished training is kept; None: nowhere.
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
    meter: Meter = field(default_factory=Meter, compare=False)
    costs: CheapCosts | None = field(default=None, compare=False)
    progress: Progress | None = field(default=None, compare=False)
    first_weights: bool = False


class Estimator(ABC):
    """Measures proposals.

    `provides(goal)` is true for the objectives that `evaluate` reports; `nasengine.execution`
    measures the other objectives on the built network.

    Attributes:
        Config: Dataclass of the settings.
        builds_network: False if it neither builds networks nor reads a data set; `dataset` is
            then a name with a meaning of its own, such as the columns of a table.
        trains_standalone: False if it does not train each candidate's own weights (lookups,
            weight sharing).
        trains_in_parts: True if a training can pause at `Proposal.until` and go on later.
        is_lookup: True if it answers within milliseconds from stored data and without torch.
            The process that advances the run then evaluates candidates itself, without a worker.
        interleaves: True if several evaluations may take turns in one process: where it polls
            `cancelled` it holds no lock and no global setting, see `core.interleaving`.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    builds_network: ClassVar[bool] = True
    trains_standalone: ClassVar[bool] = True
    trains_in_parts: ClassVar[bool] = False
    is_lookup: ClassVar[bool] = False
    interleaves: ClassVar[bool] = False

    def __init__(self, config: DataclassInstance):
        self.config = config

    @abstractmethod
    def provides(self, goal: Goal) -> bool:
        """Return whether `evaluate` measures this goal."""

    def goal(self, name: str, dataset: str) -> Goal | None:
        """Return a goal that this estimator defines (a table's column), None if it defines none.

        Raises:
            EngineError: the goals cannot be determined, for instance because a file is missing.
        """
        return None

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        """Return why the search settings do not fit this estimator: dotted setting -> message."""
        return {}

    def parts_objection(self, dataset: str) -> str:
        """Return why trainings cannot pause although `trains_in_parts`; "" if they can."""
        return ""

    def costs_before(self, evaluation: Evaluation) -> tuple[Measurement, ...]:
        """Return the costs among `evaluation.goals` that are known before the evaluation.

        A candidate whose known costs violate a constraint is not evaluated. Costs of a built
        network need not be returned: `nasengine.execution` measures those itself.
        """
        return ()

    def stored_scores(
        self, evaluation: Evaluation, names: Sequence[str]
    ) -> tuple[Measurement, ...]:
        """Return the scores of those proxies that are stored for the candidate.

        `nasengine.execution` computes the others on the built network.
        """
        return ()

    def scores_objection(self, names: Sequence[str], dataset: str) -> str:
        """Return why the scores of these proxies are not stored; "" if all of them are."""
        return "it stores no scores of proxies"

    @abstractmethod
    def evaluate(self, evaluation: Evaluation) -> Outcome:
        """Evaluate one proposal.

        Returns:
            An Outcome of state done, paused, pruned or diverged.

        Raises:
            Cancelled: `evaluation.cancelled` returned True.
            EngineError: the proposal cannot be evaluated. The caller turns this and any other
                exception into a `failed` outcome with its reason.
        """

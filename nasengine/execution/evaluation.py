"""The evaluation of one proposal: cheap costs, constraints on them, estimator, the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..catalog import load
from ..core.errors import Cancelled, Diverged, EngineError, NotFinite
from ..core.estimator import Evaluation, Report
from ..core.measurement import Measurement
from ..core.meter import Meter
from ..core.outcome import Outcome
from ..core.progress import Progress
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.seeds import derive
from ..core.text import one_line
from ..core.weight_store import NO_WEIGHTS, WeightStore
from ..fidelity.settings import FIRST_PART_IS_TOLD
from ..screening.screen import low_score
from . import assembly
from .cheap_costs import CheapCosts, violated_text

if TYPE_CHECKING:
    import torch

DURATION_DECIMALS = 3


def evaluation_seed(spec: SearchSpec, number: int) -> int:
    """Return the seed of everything random in one evaluation."""
    return derive(spec.seed, "evaluation", number)


def evaluate(
    spec: SearchSpec,
    proposal: Proposal,
    report: Report,
    cancelled: Callable[[], bool],
    weights: WeightStore = NO_WEIGHTS,
    *,
    progress: Progress | None = None,
) -> Outcome:
    """Evaluate one proposal.

    Costs that need no trained weights are measured first. A candidate that violates a constraint
    on one of them is pruned instead of trained, unless the estimator's setting `train_infeasible`
    is on.

    Args:
        spec: Checked search settings.
        proposal: The architecture, or the supernet training step.
        report: Called with a JSON object after every epoch.
        cancelled: Polled between measurements and batches.
        weights: Checkpoints of the search's earlier candidates, for children that inherit.
        progress: Where an unfinished training is kept, see `unfinished`; a training continues
            from there. The caller clears the place when it has stored the outcome.

    Returns:
        The outcome with its cost in seconds, except for table lookups. An error becomes an
        outcome with a reason: diverged if a number is NaN or infinite, otherwise failed.

    Raises:
        Cancelled: `cancelled` returned true.
    """
    started, meter = time.perf_counter(), Meter()
    recorded = report if progress is None else progress.recorded(report)
    more: dict[str, Any] = {"meter": meter, "progress": progress}
    outcome = _outcome_or_error(
        proposal.number,
        lambda: _EvaluationRun(spec, proposal, recorded, cancelled, weights, **more).outcome(),
    )
    if assembly.is_lookup(spec):
        return outcome
    gpu = None if meter.gpu_seconds is None else round(meter.gpu_seconds, DURATION_DECIMALS)
    spent = time.perf_counter() - started + meter.earlier_seconds
    seconds = round(spent, DURATION_DECIMALS)
    return replace(outcome, seconds=seconds, gpu_seconds=gpu)


def _outcome_or_error(number: int, act: Callable[[], Outcome]) -> Outcome:
    try:
        return act()
    except Cancelled:
        raise
    except (Diverged, NotFinite) as error:
        return Outcome(number, "diverged", reason=one_line(str(error)))
    except EngineError as error:
        return Outcome(number, "failed", reason=one_line(str(error)))
    except Exception as error:  # one bad candidate must not end the search
        return Outcome(number, "failed", reason=one_line(f"{type(error).__name__}: {error}"))


class _EvaluationRun:
    """One evaluation in progress."""

    def __init__(
        self,
        spec: SearchSpec,
        proposal: Proposal,
        report: Report,
        cancelled: Callable[[], bool],
        weights: WeightStore,
        *,
        meter: Meter,
        progress: Progress | None,
    ):
        self.spec = spec
        self.proposal = proposal
        self.report = report
        self.cancelled = cancelled
        self.weights = weights
        self.meter = meter
        self.progress = progress
        self.space = assembly.make_space(spec)
        self.estimator = assembly.make_estimator(spec)
        self.goals = assembly.goals_of(spec, self.estimator)
        self.seed = evaluation_seed(spec, proposal.number)
        self.measured: dict[str, Measurement] = {}

    def outcome(self) -> Outcome:
        self.space.validate(self.proposal.architecture)
        if self.proposal.task == "share":
            return self._supernet_step()
        built = [goal for goal in self.goals if not self.estimator.provides(goal)]
        for measurement in self.estimator.costs_before(self._evaluation()):
            self.measured[measurement.objective] = measurement
        excluded = self._excluded()
        if not excluded and any(self.costs.groups):
            architecture = self.proposal.architecture
            self.measured |= self.costs.measured(self.network, architecture)
            excluded = self._excluded()
        if excluded := excluded or self._screened():
            return self._ended("pruned", f"{excluded}, not trained")
        outcome = self.estimator.evaluate(self._evaluation())
        if outcome.state not in ("done", "paused"):
            return self._ended(outcome.state, one_line(outcome.reason), outcome)
        for goal in built:
            if goal.name not in self.measured and goal.name not in self.awaited:
                self.measured[goal.name] = self.costs.measure(
                    goal, self.network, self.proposal.architecture
                )
        return self._ended(outcome.state, "", outcome)

    def _excluded(self) -> str:
        """Return the constraints that exclude the candidate from training, as text."""
        if getattr(self.estimator.config, "train_infeasible", False):
            return ""
        constraints = assembly.constraints_of(self.spec)
        return violated_text(self.measured, self.goals, constraints)

    def _screened(self) -> str:
        """Measure the proxy of the search; return why it excludes the candidate, "" if not."""
        screen = self.proposal.screen
        if not screen:
            return ""
        proxy = load("proxies", screen["proxy"])
        needed = proxy.parts or (proxy.name,)
        for score in self.estimator.stored_scores(self._evaluation(), needed):
            self.measured[score.objective] = score
        names = [name for name in needed if name not in self.measured]
        if names:
            self.measured |= self.costs.proxies.measure(self.proposal.architecture, names)
        return low_score(
            screen, {name: measurement.value for name, measurement in self.measured.items()}
        )

    def _supernet_step(self) -> Outcome:
        """Train the supernet with the trainer of the strategy."""
        trainer = load("trainers", self.spec.strategy)
        config = assembly.strategy_config(self.spec)
        return trainer(config, self.estimator.config).train(self._evaluation())

    def _evaluation(self) -> Evaluation:
        spec = self.spec
        return Evaluation(
            proposal=self.proposal,
            space=self.space,
            goals=tuple(goal for goal in self.goals if self.estimator.provides(goal)),
            seed=self.seed,
            dataset=spec.dataset,
            dataset_config=spec.dataset_config,
            report=self.report,
            cancelled=self.cancelled,
            weights=self.weights,
            search_seed=spec.seed,
            meter=self.meter,
            costs=self.costs,
            progress=self.progress,
            first_weights=self.spec.fewer_epochs in FIRST_PART_IS_TOLD,
        )

    def _ended(self, state: Any, reason: str, outcome: Outcome | None = None) -> Outcome:
        """Return the outcome with all measurements, in the order of the objectives."""
        measured = dict(self.measured)
        if outcome is not None:
            measured |= {measurement.objective: measurement for measurement in outcome.measurements}
        names = [goal.name for goal in self.goals]
        ordered = [measured.pop(name) for name in names if name in measured]
        ended = Outcome(
            self.proposal.number,
            state,
            (*ordered, *measured.values()),
            reason,
            epochs=outcome.epochs if outcome is not None else 0,
            training=outcome.training if outcome is not None else None,
            awaited=self.awaited if state in ("done", "paused") else {},
        )
        return ended.checked(names)

    @cached_property
    def awaited(self) -> dict[str, dict[str, Any]]:
        """The objectives that a device agent measures after this evaluation."""
        return {
            goal.name: self.spec.devices[goal.device]
            for goal in self.goals
            if goal.device in self.spec.devices and not self.estimator.provides(goal)
        }

    @cached_property
    def costs(self) -> CheapCosts:
        """The costs of built networks; estimator and agents report the other objectives."""
        built = [
            goal
            for goal in self.goals
            if not self.estimator.provides(goal) and goal.name not in self.awaited
        ]
        return CheapCosts(self.spec, self.space, built, self.seed, self.cancelled)

    @cached_property
    def network(self) -> torch.nn.Module:
        """The network with fresh weights: no cost measured here depends on training."""
        return self.costs.build(self.proposal.architecture)

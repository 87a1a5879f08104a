"""Strategy `tpe`: optuna's tree-structured Parzen estimator on the decisions of a space.

Bergstra, Bardenet, Bengio and Kegl, Algorithms for Hyper-Parameter Optimization (NIPS 2011), with
several objectives Ozaki, Tanigaki, Watanabe and Onishi, Multiobjective Tree-Structured Parzen
Estimator (JAIR 73, 2022), as optuna implements them with its defaults. Two differences from
optuna's own loop: a draft that was proposed before is drawn again, and so is one that is
predicted to violate a constraint on a cheap cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..core.architecture import Architecture
from ..core.errors import EngineError
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.settings import setting
from ..core.strategy import Task
from .common.ended import point_and_violation
from .common.example import best_and_newest
from .common.offspring import MAX_SAMPLES_HELP
from .common.packed_tokens import pack_tokens, unpack_tokens
from .common.proposal_tracker import ProposalTracker, check_version
from .common.repeating import RepeatingStrategy

if TYPE_CHECKING:
    import optuna

VERSION = 1


@dataclass(frozen=True)
class TpeConfig:
    """Settings of strategy `tpe`."""

    warm_up: int = setting(
        10, "Random candidates before the estimator is fitted.", low=1, high=10_000
    )
    drafts: int = setting(
        24,
        "Values that are drawn for each decision; the most promising one is taken.",
        low=1,
        high=10_000,
    )
    joint: str = setting(
        "auto",
        "Whether decisions are drawn together (yes) or one by one (no). auto: together with one "
        "objective, one by one with several, as optuna does.",
        choices=("auto", "yes", "no"),
    )
    memory: int = setting(
        1000,
        "Most candidates that the estimator is fitted to: half the best, half the newest.",
        low=10,
        high=2000,
    )
    tries: int = setting(30, MAX_SAMPLES_HELP, low=1, high=10_000)


@dataclass(frozen=True)
class Trial:
    """A measured candidate: its choices, its point (lower is better), and its violation.

    Values of `point` are NaN if the candidate violates a constraint and was not trained.
    """

    choices: tuple[int, ...]
    point: tuple[float, ...]
    violation: float


class Tpe(RepeatingStrategy):
    """Optuna's tree-structured Parzen estimator.

    Candidates in flight count as bad ones, so that the next are chosen elsewhere (optuna's
    constant liar). Candidates that ended badly are not learned from; those that violate a
    constraint are ranked behind all others by their violation.
    """

    name = "tpe"
    Config = TpeConfig
    requires = frozenset({"decisions"})
    config: TpeConfig

    def __init__(self, config: TpeConfig, task: Task):
        if find_spec("optuna") is None:
            raise EngineError('optuna is not installed: pip install "nasengine[baselines]"')
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._trials: list[Trial] = []
        self._study: optuna.Study | None = None  # of `_trials`; None: to be made again
        self._running: list[int] = []  # trials of the study that stand for candidates in flight

    def ask(self) -> Proposal:
        tracker = self._tracker
        if len(self._trials) < self.config.warm_up:
            return tracker.propose(tracker.sample_promising(self.config.tries))
        architecture = tracker.choose(self._drafts(), lambda draft: draft)
        return tracker.propose(architecture, (), "surrogate")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        known = point_and_violation(outcome, self.task.goals, self.task.constraints)
        if known is not None:
            choices = self.task.space.choices(proposal.architecture)
            self._remember(Trial(tuple(choices), *known))

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "tracker": self._tracker.state_dict(),
            "trials": [
                [
                    pack_tokens(trial.choices),
                    [value if math.isfinite(value) else None for value in trial.point],
                    trial.violation,
                ]
                for trial in self._trials
            ],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["tracker"])
        self._trials = [
            Trial(
                unpack_tokens(packed),
                tuple(math.nan if value is None else float(value) for value in point),
                float(excess),
            )
            for packed, point, excess in state["trials"]
        ]
        self._study = None

    def _remember(self, trial: Trial) -> None:
        """Add a trial; above `memory` keep the best and the newest half, in their order."""
        trials = [*self._trials, trial]
        self._trials = best_and_newest(trials, self.config.memory)
        if len(self._trials) < len(trials):
            self._study = None
        elif self._study is not None:
            self._study.add_trial(self._frozen(trial))

    def _drafts(self) -> Iterator[Architecture]:
        """Yield architectures that the estimator draws, each with a generator of its own."""
        from optuna.samplers import TPESampler
        from optuna.trial import TrialState

        study, space = self._prepared(), self.task.space
        joint = self.config.joint
        for _ in range(self.config.tries):
            study.sampler = TPESampler(
                n_startup_trials=0,
                n_ei_candidates=self.config.drafts,
                multivariate=None if joint == "auto" else joint == "yes",
                seed=int(self._tracker.rng.integers(2**31)),
            )
            choices: list[int] = []
            trial = study.ask()
            for index in range(len(space.decisions())):
                allowed = space.allowed(choices, index)
                choices.append(trial.suggest_categorical(_parameter(index, allowed), allowed))
            # A draft is no trial: candidates in flight have trials of their own.
            study.tell(trial, state=TrialState.FAIL)
            yield space.from_choices(choices)

    def _prepared(self) -> optuna.Study:
        """Return the study with a trial for each candidate, those in flight at the end.

        The order decides the weights of the trials, so it is the one that a restored strategy has.
        """
        from optuna.trial import TrialState

        study = self._study or self._made()
        for number in self._running:
            study.tell(number, state=TrialState.FAIL)
        self._running = []
        for proposal in self._tracker.pending.values():
            choices = tuple(self.task.space.choices(proposal.architecture))
            self._running.append(len(study.get_trials(deepcopy=False)))
            study.add_trial(self._frozen(Trial(choices, (), 0.0), running=True))
        return study

    def _made(self) -> optuna.Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)  # one study is made for each restart
        self._study = optuna.create_study(directions=["minimize"] * len(self.task.goals))
        self._running = []
        self._study.add_trials([self._frozen(trial) for trial in self._trials])
        return self._study

    def _frozen(self, trial: Trial, running: bool = False) -> optuna.trial.FrozenTrial:
        """Return a candidate as optuna's trial."""
        from optuna.distributions import BaseDistribution, CategoricalDistribution
        from optuna.trial import TrialState, create_trial

        params: dict[str, int] = {}
        distributions: dict[str, BaseDistribution] = {}
        for index, choice in enumerate(trial.choices):
            allowed = self.task.space.allowed(trial.choices[:index], index)
            name = _parameter(index, allowed)
            params[name], distributions[name] = choice, CategoricalDistribution(allowed)
        if running:
            return create_trial(
                state=TrialState.RUNNING, params=params, distributions=distributions
            )
        complete = all(map(math.isfinite, trial.point))
        return create_trial(
            state=TrialState.COMPLETE if complete else TrialState.PRUNED,
            values=trial.point if complete else None,
            params=params,
            distributions=distributions,
            constraints={"violation": trial.violation},
        )


def _parameter(index: int, allowed: tuple[int, ...]) -> str:
    """Return the name of a decision's parameter; its options are part of the name.

    Optuna wants the same options in all trials, while those of a decision may depend on earlier
    ones.
    """
    return f"{index} of {','.join(map(str, allowed))}"

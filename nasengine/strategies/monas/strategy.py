"""Strategy `monas`: a recurrent policy proposes, rewards of accuracy and cost train it.

Hsu et al., MONAS: Multi-Objective Neural Architecture Search using Reinforcement Learning
(1806.10332). The robot network outputs the decisions of a space one after another and is
trained by policy gradient. Additions to the paper, all of them settings: a moving-average
baseline, an entropy bonus, the advantage in units of its own spread, and a first phase of
random candidates that fixes the scale of the reward. Unlike in the paper, a sequence that has
been proposed before is drawn again at a higher temperature, so no candidate is evaluated twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.seeds import generator
from ...core.settings import setting
from ...core.strategy import Task
from ..common.learning.categorical import TEMPERATURE_GROWTH, entropy
from ..common.learning.reward_baseline import RewardBaseline
from ..common.proposal_tracker import ProposalTracker, check_version
from ..common.recent import append_recent
from ..common.repeating import RepeatingStrategy
from .policy import SequencePolicy
from .reward import KINDS, Reward, Scale

VERSION = 1


@dataclass(frozen=True)
class MonasConfig:
    """Settings of strategy `monas`."""

    reward: str = setting(
        "mixed",
        "Reward. mixed: quality minus costs; power-budget: quality, within constraints on "
        "costs; accuracy-floor: low costs, within a constraint on the first objective; macs: "
        "mixed, with MACs as the only cost.",
        choices=KINDS,
    )
    cost_weight: float = setting(
        0.5,
        "Weight of the costs in the rewards mixed and macs (1 - alpha in the paper); 0: only "
        "quality counts.",
        low=0.0,
        high=1.0,
    )
    warm_up: int = setting(
        20,
        "Random candidates before the policy starts; their values set the reward's scale.",
        low=2,
        high=10_000,
    )
    hidden: int = setting(24, "Hidden units of the policy's LSTM.", low=2, high=256)
    learning_rate: float = setting(
        0.02, "Learning rate of the policy (Adam; reportedly 0.03 in the paper).", low=0.0
    )
    entropy: float = setting(
        0.1, "Weight of the entropy bonus, relative to the reward's spread.", low=0.0, high=10.0
    )
    baseline: float = setting(
        0.9,
        "Decay of the reward baseline (exponential moving average).",
        low=0.0,
        high=0.999,
    )
    batch: int = setting(1, "Rewards averaged in each policy step.", low=1, high=1000)
    tries: int = setting(
        30,
        "Most draws until a sequence is new, each at a higher temperature; 1: duplicates are "
        "allowed.",
        low=1,
        high=1000,
    )


class Monas(RepeatingStrategy):
    """Reinforcement learning: a recurrent policy, rewarded for accuracy and low cost.

    A candidate that violates a constraint gets a negative reward, trained or not; a candidate that
    failed gets the lowest reward so far.
    """

    name = "monas"
    Config = MonasConfig
    requires = frozenset({"decisions"})
    view_kind = "policy"
    config: MonasConfig

    def __init__(self, config: MonasConfig, task: Task):
        super().__init__(config, task)
        self._reward = Reward(config.reward, config.cost_weight, task.goals, task.constraints)
        self._tracker = ProposalTracker(task)
        self._decisions = task.space.decisions()
        self._policy = SequencePolicy(
            generator(task.seed, "robot"),
            [len(decision.options) for decision in self._decisions],
            hidden=config.hidden,
            rate=config.learning_rate,
        )
        self._scale = Scale(task.goals, config.warm_up)
        self._baseline = RewardBaseline(config.baseline)
        # Choices and advantages that the next policy step will average.
        self._batch: list[tuple[list[int], float]] = []
        self._points: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        tracker = self._tracker
        if tracker.proposed < self.config.warm_up:
            return tracker.propose_random(self.config.tries)
        return tracker.propose(self._sample_policy(), origin="policy")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        has_reward = outcome.state == "done" and self._scale.add(outcome.values)
        if self._reward.is_infeasible(outcome):
            self._scale.add_pruned()
            has_reward = True
        if not self._scale.ready:
            return
        if has_reward:
            reward = self._reward.of(outcome.values, self._scale)
        elif self._baseline.worst is None or outcome.state == "cancelled":
            return
        else:
            reward = self._baseline.worst
        advantage = self._baseline.advantage(reward)
        choices = list(self.task.space.choices(proposal.architecture))
        self._add_point(outcome.number, reward, choices)
        self._batch.append((choices, advantage))
        if len(self._batch) >= self.config.batch:
            self._step()

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "policy": self._policy.state_dict(),
            "scale": self._scale.state_dict(),
            "baseline": self._baseline.state_dict(),
            "waiting": [[list(choices), advantage] for choices, advantage in self._batch],
            "points": [dict(point) for point in self._points],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._policy.load_state_dict(state["policy"])
        self._scale.load_state_dict(state["scale"])
        self._baseline.load_state_dict(state["baseline"])
        self._batch = [(list(choices), advantage) for choices, advantage in state["waiting"]]
        self._points = [dict(point) for point in state["points"]]

    def view(self) -> dict[str, Any]:
        """Return reward and entropy of recent candidates, and the policy's present distributions.

        `points` are {"number", "reward", "baseline", "entropy"}, the entropy in nats as a mean
        over the decisions. `decisions` are {"name", "options", "chances"}: the probabilities
        along the most probable sequence of choices.
        """
        return {
            "points": [dict(point) for point in self._points],
            "decisions": [
                {
                    "name": decision.name,
                    "options": list(decision.options),
                    "chances": [round(float(probability), 3) for probability in probabilities],
                }
                for decision, probabilities in zip(
                    self._decisions, self._greedy_distributions(), strict=True
                )
            ],
        }

    def _sample_policy(self) -> Architecture:
        """Sample the policy until a draw is accepted, each at a higher temperature."""
        space, tracker = self.task.space, self._tracker
        drafts = (
            space.from_choices(
                self._policy.sample(tracker.rng, space.allowed, TEMPERATURE_GROWTH**attempt)
            )
            for attempt in range(self.config.tries)
        )
        return tracker.choose(drafts, lambda architecture: architecture)

    def _step(self) -> None:
        """Take one policy step along the mean gradient of the batch."""
        share = 1 / len(self._batch)
        total: dict[str, np.ndarray] = {}
        for choices, advantage in self._batch:
            gradients = self._policy.gradients(
                choices, self.task.space.allowed, advantage * share, self.config.entropy * share
            )
            total = {name: total.get(name, 0) + gradients[name] for name in gradients}
        self._policy.adam.step(total)
        self._batch = []

    def _add_point(self, number: int, reward: float, choices: Sequence[int]) -> None:
        distributions = self._policy.distributions(choices, self.task.space.allowed)
        point = {
            "number": number,
            "reward": round(reward, 4),
            "baseline": round(self._baseline.mean, 4),
            "entropy": round(float(np.mean([entropy(p) for p in distributions])), 4),
        }
        self._points = append_recent(self._points, point)

    def _greedy_distributions(self) -> list[np.ndarray]:
        """Return the probabilities of each decision along the most probable choices."""
        choices: list[int] = []
        for _ in self._decisions:
            # The last choice is a placeholder: a decision depends only on those before it.
            probabilities = self._policy.distributions([*choices, 0], self.task.space.allowed)[-1]
            choices.append(int(probabilities.argmax()))
        return self._policy.distributions(choices, self.task.space.allowed)

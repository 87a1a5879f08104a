"""Strategy `monas`: a recurrent network proposes, rewards of accuracy and cost teach it.

Hsu et al., MONAS: Multi-Objective Neural Architecture Search using Reinforcement Learning
(1806.10332). The robot network emits the decisions of a space one after the other and is
trained by policy gradient. What the paper leaves open or knows to fail is a setting: a
moving-average baseline and an entropy bonus, the advantage in units of its own spread, and a
first phase of random candidates that fixes the scale of the reward.
Differently from the paper a sequence proposed before is drawn again, a little hotter each
time, so that no candidate is evaluated twice.
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
from ...core.strategy import Strategy, Task
from ..common.learning.baseline import Baseline
from ..common.learning.categorical import entropy_of
from ..common.proposal_tracker import ProposalTracker, check_version
from .policy import SequencePolicy
from .reward import KINDS, Scale, check_reward

VERSION = 1
HOTTER = 1.1
POINTS = 200


@dataclass(frozen=True)
class MonasConfig:
    """Settings of strategy `monas`."""

    reward: str = setting(
        "mixed",
        "mixed: quality less costs; power-budget: quality within bounds on costs; "
        "accuracy-floor: low costs within a bound on the first objective; macs: mixed with "
        "MACs as the only cost. Bounds are the search's constraints.",
        choices=KINDS,
    )
    cost_weight: float = setting(
        0.5,
        "Share of the costs in the mixed rewards (the paper's 1 - alpha); 0: quality alone.",
        low=0.0,
        high=1.0,
    )
    warm_up: int = setting(
        20, "Random candidates first; they fix the scale of the reward.", low=2, high=10_000
    )
    hidden: int = setting(24, "Units of the robot network's LSTM.", low=2, high=256)
    learning_rate: float = setting(
        0.02, "Adam's rate of the robot network (the paper's is said to be 0.03).", low=0.0
    )
    entropy: float = setting(
        0.1, "Weight of the entropy bonus, in units of the reward's spread.", low=0.0, high=10.0
    )
    baseline: float = setting(
        0.9, "Share of the moving-average baseline kept at each reward.", low=0.0, high=0.999
    )
    batch: int = setting(1, "Rewards averaged into one step.", low=1, high=1000)
    tries: int = setting(
        30, "Draws until a sequence is new, each hotter; 1: do not mind.", low=1, high=1000
    )


class Monas(Strategy):
    """Learns which choices pay; a candidate that ended badly is worth the worst reward so far."""

    name = "monas"
    Config = MonasConfig
    requires = frozenset({"decisions"})
    view_kind = "policy"
    config: MonasConfig

    def __init__(self, config: MonasConfig, task: Task):
        super().__init__(config, task)
        self._reward = check_reward(config, task.goals, task.constraints)
        self._ledger = ProposalTracker(task.seed)
        self._decisions = task.space.decisions()
        self._policy = SequencePolicy(
            generator(task.seed, "robot"),
            [len(decision.options) for decision in self._decisions],
            hidden=config.hidden,
            rate=config.learning_rate,
        )
        self._scale = Scale(task.goals, config.warm_up)
        self._baseline = Baseline(config.baseline)
        self._waiting: list[tuple[list[int], float]] = []  # a step's worth of advantages
        self._points: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        ledger = self._ledger
        if ledger.asked < self.config.warm_up:
            return ledger.issue(ledger.fresh(self.task.space, self.config.tries))
        return ledger.issue(self._drawn(), origin="policy")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        counts = outcome.state == "done" and self._scale.learn(outcome.values)
        if not self._scale.ready:
            return
        if counts:
            reward = self._reward.of(outcome.values, self._scale)
        elif self._baseline.worst is None or outcome.state == "cancelled":
            return
        else:
            reward = self._baseline.worst
        advantage = self._baseline.advantage(reward)
        choices = list(self.task.space.choices(proposal.architecture))
        self._note(outcome.number, reward, choices)
        self._waiting.append((choices, advantage))
        if len(self._waiting) >= self.config.batch:
            self._step()

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "policy": self._policy.state_dict(),
            "scale": self._scale.state_dict(),
            "baseline": self._baseline.state_dict(),
            "waiting": [[list(choices), advantage] for choices, advantage in self._waiting],
            "points": [dict(point) for point in self._points],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._policy.load_state_dict(state["policy"])
        self._scale.load_state_dict(state["scale"])
        self._baseline.load_state_dict(state["baseline"])
        self._waiting = [(list(choices), advantage) for choices, advantage in state["waiting"]]
        self._points = [dict(point) for point in state["points"]]

    def view(self) -> dict[str, Any]:
        """Reward and entropy of the last candidates, and what each decision leans to now.

        `points` are {"number", "reward", "baseline", "entropy"}, entropy in nats and as a
        mean over decisions; `decisions` are {"name", "options", "chances"}, the chances on
        the way of the policy's likeliest choices.
        """
        return {
            "points": [dict(point) for point in self._points],
            "decisions": [
                {
                    "name": decision.name,
                    "options": list(decision.options),
                    "chances": [round(float(chance), 3) for chance in chances],
                }
                for decision, chances in zip(self._decisions, self._leaning(), strict=True)
            ],
        }

    def _drawn(self) -> Architecture:
        """A sequence nobody proposed, hotter with every draw."""
        space, ledger = self.task.space, self._ledger
        for draw in range(self.config.tries):
            choices = self._policy.sample(ledger.rng, space.allowed, HOTTER**draw)
            architecture = space.from_choices(choices)
            if architecture not in ledger.known:
                break
        return architecture

    def _step(self) -> None:
        """One step of the robot network along the mean of what waits."""
        share = 1 / len(self._waiting)
        total: dict[str, np.ndarray] = {}
        for choices, advantage in self._waiting:
            found = self._policy.gradients(
                choices, self.task.space.allowed, advantage * share, self.config.entropy * share
            )
            total = {name: total.get(name, 0) + found[name] for name in found}
        self._policy.adam.step(total)
        self._waiting = []

    def _note(self, number: int, reward: float, choices: Sequence[int]) -> None:
        chances = self._policy.distributions(choices, self.task.space.allowed)
        point = {
            "number": number,
            "reward": round(reward, 4),
            "baseline": round(self._baseline.mean, 4),
            "entropy": round(float(np.mean([entropy_of(one) for one in chances])), 4),
        }
        self._points = [*self._points, point][-POINTS:]

    def _leaning(self) -> list[np.ndarray]:
        """The probabilities on the way of the likeliest choices."""
        choices: list[int] = []
        for _ in self._decisions:
            chances = self._policy.distributions([*choices, 0], self.task.space.allowed)[-1]
            choices.append(int(chances.argmax()))
        return self._policy.distributions(choices, self.task.space.allowed)

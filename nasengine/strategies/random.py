"""Strategy `random`: uniform sampling, the baseline of every comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.settings import setting
from ..core.strategy import Task
from .common.offspring import MAX_SAMPLES_HELP
from .common.proposal_tracker import ProposalTracker, check_version
from .common.repeating import RepeatingStrategy

VERSION = 1


@dataclass(frozen=True)
class RandomConfig:
    """Settings of strategy `random`."""

    tries: int = setting(100, MAX_SAMPLES_HELP, low=1, high=10_000)


class RandomSearch(RepeatingStrategy):
    """Random search: uniform sampling, which ignores all outcomes."""

    name = "random"
    Config = RandomConfig
    config: RandomConfig

    def __init__(self, config: RandomConfig, task: Task):
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)

    def ask(self) -> Proposal:
        return self._tracker.propose_random(self.config.tries)

    def tell(self, outcome: Outcome) -> None:
        self._tracker.record(outcome)

    def state_dict(self) -> dict[str, Any]:
        return {"version": VERSION, "ledger": self._tracker.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])

"""Strategy `random`: the baseline no other method means anything without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.settings import setting
from ..core.strategy import Strategy, Task
from .common.proposal_tracker import ProposalTracker, check_version

VERSION = 1


@dataclass(frozen=True)
class RandomConfig:
    """Settings of strategy `random`."""

    tries: int = setting(
        100,
        "Draws for an architecture that is new before one is proposed again; 1: do not mind.",
        low=1,
        high=10_000,
    )


class RandomSearch(Strategy):
    """Draws architectures uniformly, learning nothing from what it is told."""

    name = "random"
    Config = RandomConfig
    config: RandomConfig

    def __init__(self, config: RandomConfig, task: Task):
        super().__init__(config, task)
        self._ledger = ProposalTracker(task.seed)

    def ask(self) -> Proposal:
        ledger = self._ledger
        return ledger.issue(ledger.fresh(self.task.space, self.config.tries))

    def tell(self, outcome: Outcome) -> None:
        self._ledger.settle(outcome)

    def state_dict(self) -> dict[str, Any]:
        return {"version": VERSION, "ledger": self._ledger.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])

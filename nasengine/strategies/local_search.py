"""Strategy `local-search`: walk from neighbour to better neighbour, begin anew at the top.

White, Nolen and Savani, Exploring the Loss Landscape in Neural Architecture Search
(2005.02960): the strong simple baseline. With several objectives it is Pareto local search
(Paquete, Chiarandini and Stuetzle 2004): what the climb's front holds is walked from, member
by member. Differently from the papers, an architecture that an earlier climb has seen is not
evaluated again, so a climb ends where it meets one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.architecture import Architecture
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.seeds import generator
from ..core.settings import setting
from ..core.strategy import Strategy, Task
from .common.population import Member, Population
from .common.proposal_tracker import ProposalTracker, check_version

VERSION = 1
MAX_CLIMBS = 50


@dataclass(frozen=True)
class LocalSearchConfig:
    """Settings of strategy `local-search`."""

    starts: int = setting(
        10, "Random candidates of which a climb begins at the best.", low=1, high=10_000
    )
    move: str = setting(
        "first",
        "When the walk goes on: at the first better neighbour, or at the best of all of them.",
        choices=("first", "best"),
    )
    tries: int = setting(
        30, "Draws for a random candidate that is new; 1: do not mind.", low=1, high=10_000
    )


class LocalSearch(Strategy):
    """Climbs one after the other, each from the best of a few random candidates.

    A climb's members are those on its own front: with one objective its best and equals of
    it. While what is in flight may still move the walk, random candidates for the next
    climb are asked, so that nobody waits.
    """

    name = "local-search"
    Config = LocalSearchConfig
    requires = frozenset({"neighbours"})
    view_kind = "climbs"
    config: LocalSearchConfig

    def __init__(self, config: LocalSearchConfig, task: Task):
        super().__init__(config, task)
        self._ledger = ProposalTracker(task.seed)
        self._front = Population(task.goals, task.constraints)
        self._next = Population(task.goals, task.constraints)
        self._centre: Member | None = None
        self._explored: list[int] = []
        self._climbs: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        if not self._front.members and len(self._next.members) >= self.config.starts:
            self._begin()
        while (centre := self._walked_from()) is not None:
            neighbour = self._unseen(centre)
            if neighbour is not None:
                return self._ledger.issue(neighbour, (centre.number,), "neighbour")
            self._explored.append(centre.number)
            self._centre = None
        walking = any(one.origin == "neighbour" for one in self._ledger.pending.values())
        if self._front.members and not walking:
            self._end()
            return self.ask()
        return self._ledger.issue(self._ledger.fresh(self.task.space, self.config.tries))

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        if outcome.state != "done":
            return
        walked = proposal.origin == "neighbour"
        group = self._front if walked else self._next
        joined = group.join(proposal.number, proposal.architecture, outcome.values)
        if joined and walked:
            self._climbs[-1]["steps"] += 1
            self._front.keep_front()

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "front": self._front.state_dict(),
            "next": self._next.state_dict(),
            "centre": None if self._centre is None else self._centre.to_json(),
            "explored": list(self._explored),
            "climbs": [dict(climb) for climb in self._climbs],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._front.load_state_dict(state["front"])
        self._next.load_state_dict(state["next"])
        self._centre = None if state["centre"] is None else Member.from_json(state["centre"])
        self._explored = list(state["explored"])
        self._climbs = [dict(climb) for climb in state["climbs"]]

    def view(self) -> dict[str, Any]:
        """The last climbs: where each began, what it looked at, where it ended (null: not yet).

        `members` are the numbers on the present climb's front.
        """
        return {
            "climbs": [dict(climb) for climb in self._climbs[-MAX_CLIMBS:]],
            "count": len(self._climbs),
            "members": [member.number for member in self._front.members],
        }

    def _begin(self) -> None:
        self._front, self._next = self._next, Population(self.task.goals, self.task.constraints)
        self._front.keep_front()
        start = self._front.members[0].number
        self._climbs = [*self._climbs[-MAX_CLIMBS:], {"start": start, "steps": 0, "top": None}]

    def _end(self) -> None:
        self._climbs[-1]["top"] = self._front.members[0].number
        self._front = Population(self.task.goals, self.task.constraints)
        self._explored = []

    def _walked_from(self) -> Member | None:
        """The member whose neighbours are looked at now; None where all have been."""
        members = self._front.members
        gone = self._centre is not None and self._centre not in members
        if self._centre is None or (gone and self.config.move == "first"):
            left = [i for i, one in enumerate(members) if one.number not in self._explored]
            self._centre = members[self._front.fittest(np.array(left))] if left else None
        return self._centre

    def _unseen(self, centre: Member) -> Architecture | None:
        """The next neighbour nobody proposed; the order of each centre is its own."""
        around = list(self.task.space.neighbours(centre.architecture))
        order = generator(self.task.seed, "neighbours", centre.number).permutation(len(around))
        return next((around[i] for i in order if around[i] not in self._ledger.known), None)

"""Strategy `local-search`: move from neighbour to better neighbour, restart at a local optimum.

White, Nolen and Savani, Exploring the Loss Landscape in Neural Architecture Search
(2005.02960), a strong and simple baseline. With several objectives it is Pareto local search
(Paquete, Chiarandini and Stuetzle 2004): the neighbours of every member of the climb's front
are visited. Unlike in the papers, an architecture that an earlier climb has visited is not
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
from ..core.strategy import Task
from .common.offspring import MAX_SAMPLES_HELP
from .common.population import Member, Population
from .common.proposal_tracker import ProposalTracker, check_version
from .common.repeating import RepeatingStrategy

VERSION = 1
MAX_CLIMBS = 50


@dataclass(frozen=True)
class LocalSearchConfig:
    """Settings of strategy `local-search`."""

    starts: int = setting(
        10,
        "Random candidates before each climb; it starts from the best of them.",
        low=1,
        high=10_000,
    )
    move: str = setting(
        "first",
        "When to move: to the first better neighbour, or to the best after visiting all.",
        choices=("first", "best"),
    )
    tries: int = setting(30, MAX_SAMPLES_HELP, low=1, high=10_000)


class LocalSearch(RepeatingStrategy):
    """Hill climbing with restarts, each from the best of a few random candidates.

    The members of a climb are the candidates on its own front: with one objective its best
    candidate and its equals. While outcomes in flight may still move the climb, `ask` returns
    random candidates, the starts of the next climb, so that no worker is idle.
    """

    name = "local-search"
    Config = LocalSearchConfig
    requires = frozenset({"neighbours"})
    view_kind = "climbs"
    config: LocalSearchConfig

    def __init__(self, config: LocalSearchConfig, task: Task):
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._front = Population(task.goals, task.constraints)
        self._starts = Population(task.goals, task.constraints)  # of the next climb
        self._centre: Member | None = None  # the member whose neighbours are visited now
        self._explored: list[int] = []  # members all of whose neighbours have been visited
        self._climbs: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        if not self._front.members and len(self._starts.members) >= self.config.starts:
            self._begin()
        while (centre := self._next_centre()) is not None:
            neighbour = self._next_neighbour(centre)
            if neighbour is not None:
                return self._tracker.propose(neighbour, (centre.number,), "neighbour")
            self._explored.append(centre.number)
            self._centre = None
        pending = self._tracker.pending.values()
        undecided = any(proposal.origin == "neighbour" for proposal in pending)
        if self._front.members and not undecided:
            self._end()
            return self.ask()
        tracker = self._tracker
        return tracker.propose(tracker.sample_promising(self.config.tries))

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        climbing = proposal.origin == "neighbour"
        group = self._front if climbing else self._starts
        joined = group.join(proposal, outcome)
        if joined and climbing:
            self._climbs[-1]["steps"] += 1
            self._front.keep_front()

    def repeat(self, proposal: Proposal) -> Proposal:
        """Propose it as a start of the next climb: the climb of its neighbours may be over."""
        return self._tracker.propose(proposal.architecture, proposal.parents, "retry")

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "front": self._front.state_dict(),
            "next": self._starts.state_dict(),
            "centre": None if self._centre is None else self._centre.to_json(),
            "explored": list(self._explored),
            "climbs": [dict(climb) for climb in self._climbs],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._front.load_state_dict(state["front"])
        self._starts.load_state_dict(state["next"])
        self._centre = None if state["centre"] is None else Member.from_json(state["centre"])
        self._explored = list(state["explored"])
        self._climbs = [dict(climb) for climb in state["climbs"]]

    def view(self) -> dict[str, Any]:
        """Return the recent climbs and the front of the present one.

        A climb has the number of its `start`, the `steps` (neighbours evaluated) and the number
        of its `top`, null until it has ended. `count` is the number of climbs so far, `members`
        are the numbers on the present climb's front.
        """
        return {
            "climbs": [dict(climb) for climb in self._climbs[-MAX_CLIMBS:]],
            "count": len(self._climbs),
            "members": [member.number for member in self._front.members],
        }

    def _begin(self) -> None:
        """Start a climb from the front of the random candidates."""
        goals, constraints = self.task.goals, self.task.constraints
        self._front, self._starts = self._starts, Population(goals, constraints)
        self._front.keep_front()
        start = self._front.members[0].number
        self._climbs = [*self._climbs[-MAX_CLIMBS:], {"start": start, "steps": 0, "top": None}]

    def _end(self) -> None:
        self._climbs[-1]["top"] = self._front.members[0].number
        self._front = Population(self.task.goals, self.task.constraints)
        self._explored = []

    def _next_centre(self) -> Member | None:
        """Return the member whose neighbours are visited next; None if all have been.

        With `move` = "first" a centre that has left the front is abandoned at once; with "best"
        its remaining neighbours are visited first.
        """
        members = self._front.members
        left_front = self._centre is not None and self._centre not in members
        if self._centre is None or (left_front and self.config.move == "first"):
            unexplored = [i for i, m in enumerate(members) if m.number not in self._explored]
            self._centre = None
            if unexplored:
                self._centre = members[self._front.best_of(np.array(unexplored))]
        return self._centre

    def _next_neighbour(self, centre: Member) -> Architecture | None:
        """Return the next unseen neighbour, in an order that depends on seed and centre only.

        A neighbour of a feasible centre that is predicted to violate a constraint is skipped.
        """
        neighbours = list(self.task.space.neighbours(centre.architecture))
        order = generator(self.task.seed, "neighbours", centre.number).permutation(len(neighbours))
        tracker = self._tracker
        unseen = (neighbours[i] for i in order if neighbours[i] not in tracker.seen)
        if not centre.violation:
            unseen = (n for n in unseen if not tracker.feasibility.violation(n))
        return next(unseen, None)

"""Strategy `dpp-net`: stage by stage, a surrogate predicts, Pareto dominance keeps.

Dong et al., DPP-Net: Device-aware Progressive Search for Pareto-optimal Neural Architectures
(1806.08198). A stage takes the architectures kept by the one before, makes every child, lets a
recurrent surrogate trained on everything measured so far predict them, and keeps K by Pareto
dominance over all objectives; those are measured. Spaces that grow are searched by growth in
depth until their limit, then, as spaces that do not grow, by staged mutation of the front (of
the best K / 4 where it is smaller).

Differently from the paper the surrogate predicts costs as well as accuracy, because a strategy
is not told how a cost is measured; it is trained afresh at every stage; and a stage does not
wait for the last candidate of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.seeds import derive
from ...core.settings import setting
from ...core.strategy import Strategy, Task
from ...pareto.orientation import signs, violation
from ...pareto.selection import survivors
from ..common.population import Member, Population
from ..common.proposal_tracker import ProposalTracker, check_version
from .selection import named_picks
from .stage import Planned, Stage
from .surrogate import Lesson, Surrogate

VERSION = 1
MIN_COUNT = 4  # lessons a surrogate can be trained on
FEW = 4  # a front of fewer than K / 4 has too few neighbours to choose K from


@dataclass(frozen=True)
class DPPNetConfig:
    """Settings of strategy `dpp-net`."""

    keep: int = setting(
        20, "Architectures kept, and measured, in a stage; the paper's K.", low=1, high=10_000
    )
    first: int = setting(
        40,
        "Candidates of the first stage: the smallest architectures, or random ones.",
        low=2,
        high=10_000,
    )
    children: int = setting(
        2000, "Most children predicted in a stage; of more, a random part.", low=10, high=100_000
    )
    hidden: int = setting(32, "Units of the surrogate's LSTM.", low=2, high=512)
    embedding: int = setting(8, "Numbers a word is embedded in.", low=1, high=256)
    epochs: int = setting(40, "Passes of the surrogate over its lessons.", low=1, high=10_000)
    batch: int = setting(64, "Lessons in a step of the surrogate.", low=1, high=10_000)
    learning_rate: float = setting(0.02, "Adam's rate of the surrogate.", low=0.0)
    memory: int = setting(
        1000, "Measured architectures the surrogate learns from, the latest.", low=10, high=100_000
    )
    tries: int = setting(
        30, "Draws for a random candidate that is new; 1: do not mind.", low=1, high=10_000
    )


class DPPNet(Strategy):
    """Measures what the surrogate predicts to be on the front, and learns from it.

    Candidates that end badly teach nothing and are not children's parents. `note` of a
    proposal holds its stage and, from the second on, {"predicted": {objective: value}}.
    """

    name = "dpp-net"
    Config = DPPNetConfig
    requires = frozenset({"tokens", "mutate"})
    view_kind = "stages"
    config: DPPNetConfig

    def __init__(self, config: DPPNetConfig, task: Task):
        super().__init__(config, task)
        self._ledger = ProposalTracker(task.seed)
        self._lessons: list[Lesson] = []
        self._best = Population(task.goals, task.constraints)  # whose neighbours are children
        self._kept = Population(task.goals, task.constraints)  # of the present stage
        self._grows = "growth" in task.space.capabilities
        self._queue: list[Planned] = []
        self._stages: list[Stage] = []
        self._shown: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        if not self._queue:
            self._plan()
        planned = self._queue.pop(0) if self._queue else self._random()
        stage = len(self._stages) - 1
        note: dict[str, Any] = {"stage": stage}
        if planned.values:
            names = [goal.name for goal in self.task.goals]
            note["predicted"] = dict(zip(names, planned.values, strict=True))
        parents = () if planned.parent is None else (planned.parent,)
        proposal = self._ledger.issue(planned.architecture, parents, planned.origin, note)
        self._stages[-1].expect(proposal.number, planned.values)
        return proposal

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        architecture = proposal.architecture
        if outcome.state != "done":
            return
        if not self._best.join(proposal.number, architecture, outcome.values):
            return
        member = self._best.members[-1]
        self._best.keep_front_or(max(self.config.keep // FEW, 1))
        if proposal.note["stage"] == len(self._stages) - 1:
            self._kept.join(proposal.number, architecture, outcome.values)
        lesson = Lesson(self.task.space.tokens(architecture), member.point)
        self._lessons = [*self._lessons, lesson][-self.config.memory :]
        oriented = np.array(member.point) * signs(self.task.goals)
        for stage in self._stages:
            stage.measure(proposal.number, oriented.tolist())

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "lessons": [lesson.to_json() for lesson in self._lessons],
            "best": self._best.state_dict(),
            "kept": self._kept.state_dict(),
            "grows": self._grows,
            "queue": [planned.to_json() for planned in self._queue],
            "stages": [stage.to_json() for stage in self._stages],
            "shown": [dict(one) for one in self._shown],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._lessons = [Lesson.from_json(value) for value in state["lessons"]]
        self._best.load_state_dict(state["best"])
        self._kept.load_state_dict(state["kept"])
        self._grows = state["grows"]
        self._queue = [Planned.from_json(value) for value in state["queue"]]
        self._stages = [Stage.from_json(value) for value in state["stages"]]
        self._shown = [dict(one) for one in state["shown"]]

    def view(self) -> dict[str, Any]:
        """The stages as they stood when the present one was planned, and the named picks.

        `stages` are as `Stage.shown` says; `picks` maps best:OBJECTIVE and all-round to
        numbers of candidates on the front.
        """
        return {
            "stages": [dict(one) for one in self._shown],
            "stage": max(len(self._stages) - 1, 0),
            "goals": [goal.name for goal in self.task.goals],
            "picks": named_picks(self._best.front, self.task.goals),
        }

    def _plan(self) -> None:
        """Fills the queue with the next stage."""
        self._shown = [stage.shown(self.task.goals) for stage in self._stages]
        for stage in self._stages[:-2]:
            stage.forget()
        if not self._stages:
            self._stages.append(Stage("first"))
            self._queue = self._first()
            return
        if len(self._lessons) < MIN_COUNT:
            return
        how, children = self._children()
        self._kept = Population(self.task.goals, self.task.constraints)
        if not children:
            self._queue = [self._random() for _ in range(self.config.keep)]
            self._stages.append(Stage("random"))
            return
        seed = derive(self.task.seed, "surrogate", len(self._stages))
        surrogate = Surrogate(self._lessons, self.task.space.vocabulary(), self.config, seed)
        stage = Stage(how, children=len(children), loss=round(surrogate.loss, 4))
        self._stages.append(stage)
        self._queue = self._selected(children, surrogate)

    def _first(self) -> list[Planned]:
        """The smallest architectures; random ones where the space does not grow."""
        if not self._grows:
            return [self._random() for _ in range(self.config.first)]
        smallest = list(self.task.space.smallest())
        if len(smallest) > self.config.first:
            drawn = self._ledger.rng.permutation(len(smallest))[: self.config.first]
            smallest = [smallest[place] for place in sorted(drawn)]
        return [Planned(one, None, "smallest") for one in smallest]

    def _random(self) -> Planned:
        architecture = self._ledger.fresh(self.task.space, self.config.tries)
        self._ledger.known.add(architecture)
        return Planned(architecture, None, "random")

    def _children(self) -> tuple[str, list[Planned]]:
        """How they came about, and every child that nobody proposed."""
        if self._grows:
            grown = self._unseen(self._kept.members, "growth", self.task.space.grow)
            if grown:
                return "growth", grown
            self._grows = False
        return "mutation", self._unseen(self._best.members, "mutation", self._around)

    def _around(self, architecture: Architecture) -> Iterable[Architecture]:
        space, rng = self.task.space, self._ledger.rng
        if "neighbours" in space.capabilities:
            return space.neighbours(architecture)
        count = max(self.config.children // max(len(self._best.members), 1), 1)
        return [space.mutate(architecture, rng) for _ in range(count)]

    def _unseen(self, parents: list[Member], origin: str, made: Any) -> list[Planned]:
        found: dict[Architecture, Planned] = {}
        for parent in parents:
            for child in made(parent.architecture):
                if child not in found and child not in self._ledger.known:
                    found[child] = Planned(child, parent.number, origin)
        children = list(found.values())
        if len(children) > self.config.children:
            drawn = self._ledger.rng.permutation(len(children))[: self.config.children]
            children = [children[place] for place in sorted(drawn)]
        return children

    def _selected(self, children: list[Planned], surrogate: Surrogate) -> list[Planned]:
        """K children by Pareto dominance of their predictions, within the constraints first."""
        predicted = surrogate.predict(
            [self.task.space.tokens(child.architecture) for child in children]
        )
        values = surrogate.values(predicted) * signs(self.task.goals)
        names = [goal.name for goal in self.task.goals]
        violations = np.array(
            [
                violation(dict(zip(names, row, strict=True)), self.task.constraints)
                for row in values.tolist()
            ]
        )
        chosen = survivors(predicted, violations, self.config.keep)
        return [children[i].predicted(values[i].tolist()) for i in chosen]

"""Strategy `dpp-net`: in each stage a surrogate predicts and Pareto dominance selects.

Dong et al., DPP-Net: Device-aware Progressive Search for Pareto-optimal Neural Architectures
(1806.08198). A stage takes the architectures that the previous stage selected, generates all
their children, predicts each with a recurrent surrogate that is trained on all measurements so
far, and selects K of them by Pareto dominance over all objectives; those are measured. A space
with growth is searched by adding layers up to its depth limit, and then, like a space without
growth, by mutations of the front (of the best K / 4 if the front is smaller).

Differences from the paper: the surrogate predicts costs as well as accuracy, because a strategy
does not know how a cost is measured; it is trained from scratch in each stage; and of a stage of
mutations a tenth is drawn at random. All children of a front can lead to a local optimum at one of
its ends, and a surrogate that has seen only those does not know better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.seeds import derive
from ...core.strategy import Task
from ...pareto.orientation import measured_violation, signs
from ...pareto.selection import survivors
from ..common.offspring import child_of
from ..common.population import Member, Population
from ..common.proposal_tracker import ProposalTracker, check_version
from ..common.repeating import RepeatingStrategy
from .config import DPPNetConfig
from .selection import named_candidates
from .stage import Planned, Stage
from .surrogate import Surrogate, TrainingExample

VERSION = 1
MIN_EXAMPLES = 4  # fewer cannot train a surrogate
FRONT_DIVISOR = 4  # a front smaller than K / 4 has too few neighbours to select K from


class DPPNet(RepeatingStrategy):
    """Progressive search: a surrogate predicts all children, Pareto dominance selects.

    A stage is planned when every candidate of the previous one is told, so the candidates do not
    depend on how many are in flight. Until then `ask` returns None: a candidate that is chosen
    without the last outcomes of its parents' stage costs budget, a free worker does not.

    Candidates that ended badly neither train the surrogate nor have children; candidates that
    violate a constraint do both, with the costs that were measured. The `note` of a
    proposal holds its stage and, if it was selected, {"predicted": {objective: value}}.
    """

    name = "dpp-net"
    Config = DPPNetConfig
    requires = frozenset({"tokens", "mutate"})
    view_kind = "stages"
    config: DPPNetConfig

    def __init__(self, config: DPPNetConfig, task: Task):
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._examples: list[TrainingExample] = []
        self._best = Population(task.goals, task.constraints)  # parents of mutations
        self._measured = Population(task.goals, task.constraints)  # in the present stage
        self._grows = "growth" in task.space.capabilities
        self._queue: list[Planned] = []
        self._stages: list[Stage] = []
        self._shown: list[dict[str, Any]] = []

    def ask(self) -> Proposal | None:
        if not self._queue and self._tracker.pending:
            return None
        if not self._queue:
            self._plan()
        planned = self._queue.pop(0)
        note: dict[str, Any] = {"stage": len(self._stages) - 1}
        if planned.values:
            names = [goal.name for goal in self.task.goals]
            note["predicted"] = dict(zip(names, planned.values, strict=True))
        parents = () if planned.parent is None else (planned.parent,)
        proposal = self._tracker.propose(planned.architecture, parents, planned.origin, note)
        self._stages[-1].expect(proposal.number, planned.values)
        return proposal

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        architecture = proposal.architecture
        if not self._best.join(proposal, outcome):
            return
        member = self._best.members[-1]
        self._best.keep_front_or(max(self.config.keep // FRONT_DIVISOR, 1))
        # A state of an older release may hold candidates of earlier stages: they are parents too.
        self._measured.join(proposal, outcome)
        example = TrainingExample(self.task.space.tokens(architecture), member.point)
        self._examples = [*self._examples, example][-self.config.memory :]
        if outcome.state != "done":
            return
        values = np.array(member.point) * signs(self.task.goals)
        for stage in self._stages:
            stage.measure(proposal.number, values.tolist())

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "lessons": [example.to_json() for example in self._examples],
            "best": self._best.state_dict(),
            "kept": self._measured.state_dict(),
            "grows": self._grows,
            "queue": [planned.to_json() for planned in self._queue],
            "stages": [stage.to_json() for stage in self._stages],
            "shown": [dict(stage) for stage in self._shown],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._examples = [TrainingExample.from_json(value) for value in state["lessons"]]
        self._best.load_state_dict(state["best"])
        self._measured.load_state_dict(state["kept"])
        self._grows = state["grows"]
        self._queue = [Planned.from_json(value) for value in state["queue"]]
        self._stages = [Stage.from_json(value) for value in state["stages"]]
        self._shown = [dict(stage) for stage in state["shown"]]

    def view(self) -> dict[str, Any]:
        """Return the stages as of the planning of the present one, and the named candidates.

        Once the budget is used and every outcome is known, the present stage is complete and
        shown too. `stages` are as in `Stage.shown`; `picks` maps each objective and "all-round"
        to the number of a candidate on the front.
        """
        shown = self._shown
        if self._tracker.proposed >= self.task.candidates and not self._tracker.pending:
            shown = [*shown, *(stage.shown(self.task.goals) for stage in self._stages[-1:])]
        return {
            "stages": [dict(stage) for stage in shown],
            "stage": max(len(self._stages) - 1, 0),
            "goals": [goal.name for goal in self.task.goals],
            "picks": named_candidates(self._best.front, self.task.goals),
        }

    def _plan(self) -> None:
        """Fill the queue with the candidates of the next stage."""
        self._shown = [stage.shown(self.task.goals) for stage in self._stages]
        for stage in self._stages[:-2]:
            stage.drop_pairs()
        if not self._stages:
            self._stages.append(Stage("first"))
            self._queue = self._first_stage()
            return
        if len(self._examples) < MIN_EXAMPLES:
            self._queue = [self._random() for _ in range(self.config.keep)]
            return
        how, children = self._children()
        self._measured = Population(self.task.goals, self.task.constraints)
        if not children:
            constrained = self._tracker.feasibility.is_active and self._best.members
            make = self._distant if constrained else self._random
            self._queue = [make() for _ in range(self.config.keep)]
            self._stages.append(Stage("mutation" if constrained else "random"))
            return
        seed = derive(self.task.seed, "surrogate", len(self._stages))
        surrogate = Surrogate(self._examples, self.task.space.vocabulary(), self.config, seed)
        stage = Stage(how, children=len(children), loss=round(surrogate.loss, 4))
        self._stages.append(stage)
        # Growth reaches every architecture; mutations may stay near what is known.
        explored = 0 if self._grows else int(self.config.keep * self.config.explore)
        self._queue = self._selected(children, surrogate, self.config.keep - explored)
        self._queue += [self._random() for _ in range(explored)]

    def _first_stage(self) -> list[Planned]:
        """Return the smallest architectures, or random ones in a space without growth."""
        if not self._grows:
            return [self._random() for _ in range(self.config.first)]
        smallest = self._subset(list(self.task.space.smallest()), self.config.first)
        return [Planned(architecture, None, "smallest") for architecture in smallest]

    def _random(self) -> Planned:
        architecture = self._tracker.sample_promising(self.config.tries)
        # Planned, not yet proposed: the next draw must not return it again.
        self._tracker.seen.add(architecture)
        return Planned(architecture, None, "random")

    def _distant(self) -> Planned:
        """Return a child that is several mutations away from one of the best.

        Near a constraint the parents run out of unseen children that meet it.
        """
        parents = self._best.members
        parent = parents[int(self._tracker.rng.integers(len(parents)))]
        child = child_of([parent], self.task.space, self._tracker, self.config.tries)
        self._tracker.seen.add(child)
        return Planned(child, parent.number, "mutation")

    def _children(self) -> tuple[str, list[Planned]]:
        """Return the source of the children ("growth", "mutation") and all unseen children."""
        if self._grows:
            grown = self._unseen(self._measured.members, "growth", self.task.space.grow)
            if grown:
                return "growth", grown
            self._grows = False
        return "mutation", self._unseen(self._best.members, "mutation", self._mutants)

    def _mutants(self, architecture: Architecture) -> Iterable[Architecture]:
        space, rng = self.task.space, self._tracker.rng
        if "neighbours" in space.capabilities:
            return space.neighbours(architecture)
        count = max(self.config.children // max(len(self._best.members), 1), 1)
        return [space.mutate(architecture, rng) for _ in range(count)]

    def _unseen(
        self,
        parents: list[Member],
        origin: str,
        children_of: Callable[[Architecture], Iterable[Architecture]],
    ) -> list[Planned]:
        """Return the unseen children of the parents, at most `children` of them.

        Children of feasible parents that are predicted to violate a constraint are left out.
        """
        planned: dict[Architecture, Planned] = {}
        for parent in parents:
            for child in children_of(parent.architecture):
                if child not in planned and child not in self._tracker.seen:
                    planned[child] = Planned(child, parent.number, origin)
        children = list(planned.values())
        if not any(parent.violation for parent in parents):
            excess = self._tracker.feasibility.violation
            children = [child for child in children if not excess(child.architecture)]
        return self._subset(children, self.config.children)

    def _subset(self, items: list[Any], size: int) -> list[Any]:
        """Return a random subset of `size` items in their order; all of them if fewer."""
        if len(items) <= size:
            return items
        chosen = self._tracker.rng.permutation(len(items))[:size]
        return [items[index] for index in sorted(chosen)]

    def _selected(self, children: list[Planned], surrogate: Surrogate, count: int) -> list[Planned]:
        """Return the `count` children that survive by their predictions, feasible ones first."""
        predicted = surrogate.predict(
            [self.task.space.tokens(child.architecture) for child in children]
        )
        values = surrogate.values(predicted) * signs(self.task.goals)
        names = [goal.name for goal in self.task.goals]
        violations = np.array(
            [
                measured_violation(dict(zip(names, row, strict=True)), self.task.constraints)
                for row in values.tolist()
            ]
        )
        selected = survivors(predicted, violations, count)
        # Without any measured error, for instance, the values are not known.
        if not np.isfinite(values).all():
            return [children[i] for i in selected]
        return [children[i].predicted(values[i].tolist()) for i in selected]

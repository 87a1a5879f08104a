"""A made-up world in which strategies search: endings that follow from the architecture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasengine.catalog import load
from nasengine.core.architecture import canonical_json
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Constraint, Goal
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.strategy import Strategy, Task

ERROR = Goal("error", "error", None, "lower", "%")
PARAMS = Goal("params", "params", None, "lower", "")
LATENCY = Goal("latency@cpu", "latency", "cpu", "lower", "ms")
GOALS = {1: (ERROR,), 3: (ERROR, PARAMS, LATENCY)}
BAD = ("pruned", "diverged", "failed", "cancelled")


@dataclass(frozen=True)
class World:
    """How many objectives, whether there is a constraint, and how many candidates go wrong."""

    objectives: int = 1
    constrained: bool = False
    wrong_percent: int = 0

    def strategy(self, name: str, seed: int = 0, candidates: int = 60, **config: Any) -> Strategy:
        found = load("strategies", name)
        space = load("spaces", "nb201")
        bounds = (Constraint("error", "<", 60.0),) if self.constrained else ()
        task = Task(space(space.Config()), GOALS[self.objectives], bounds, seed, candidates)
        return found(found.Config(**config), task)

    def ending(self, proposal: Proposal) -> Outcome:
        """Fewer `none` and more 3x3 is better and dearer; the rest is a hash."""
        said = canonical_json(proposal.note) if proposal.task == "share" else ""
        digest = hashlib.sha256((proposal.architecture.canonical + said).encode()).digest()
        if digest[0] % 100 < self.wrong_percent:
            state = BAD[digest[1] % len(BAD)]
            kept = (Measurement("params", 5.0, ""),) if state == "pruned" else ()
            return Outcome(proposal.number, state, kept, reason="so it was")
        if proposal.task == "share":
            return Outcome(proposal.number, "trained", epochs=1, findings=findings(proposal))
        genome = proposal.architecture.genome
        cost = genome.count("3x3") + genome.count("1x1") / 4 + digest[2] / 256
        error = 90.0 - 10 * cost + digest[3] / 64
        values = (error, 1e5 * (1 + cost), 1 + cost * cost)
        goals = GOALS[3][: self.objectives]
        return Outcome(
            proposal.number,
            "done",
            tuple(Measurement(g.name, v, g.unit) for g, v in zip(goals, values, strict=False)),
        )


def findings(proposal: Proposal) -> dict[str, Any]:
    """What a shared network of nb201 might have taught, made of the search's seed and the epoch."""
    note = proposal.note
    space = load("spaces", "nb201")
    rng = np.random.default_rng([note["seed"] % 2**32, note["epoch"]])
    drawn = [space(space.Config()).sample(rng) for _ in range(note.get("derived", 3))]
    return {
        "train_loss": 2.0 / (1 + note["epoch"]),
        "valid_loss": 2.5 / (1 + note["epoch"]),
        "alphas": {"cell": rng.normal(size=(6, 5)).round(5).tolist()},
        "eigenvalue": float(rng.uniform(0.1, 0.3)),
        "errors": rng.uniform(1, 90, size=len(note.get("score", drawn))).round(3).tolist(),
        "genomes": [one.genome for one in drawn],
        "policy": [rng.dirichlet(np.ones(5)).round(4).tolist() for _ in range(6)],
        "best": drawn[0].genome,
        "reward": float(rng.uniform()),
        "entropy": float(rng.uniform(0, 6)),
        "baseline": float(rng.uniform()),
    }


WORLDS = {
    "one": World(),
    "three": World(objectives=3),
    "bound": World(constrained=True),
    "rough": World(objectives=3, constrained=True, wrong_percent=60),
    "hopeless": World(wrong_percent=100),
}


def step(strategy: Strategy, world: World, open_: list[Proposal], width: int) -> Proposal | None:
    """One move of the schedule: fill up to `width` in flight, else tell one.

    Told is neither the first nor the last in flight, so order is mixed. The proposal asked
    for, None after a tell.
    """
    if len(open_) < width:
        proposal = strategy.ask()
        if proposal is not None:
            open_.append(proposal)
            return proposal
    told = open_.pop((len(open_) * 2) // 3 if len(open_) > 1 else 0)
    strategy.tell(world.ending(told))
    return None


def proposals(strategy: Strategy, world: World, count: int, width: int = 1) -> list[Proposal]:
    """The first `count` proposals of a search; those in flight at its end stay untold."""
    asked: list[Proposal] = []
    open_: list[Proposal] = []
    while len(asked) < count:
        proposal = step(strategy, world, open_, width)
        if proposal is not None:
            asked.append(proposal)
    return asked

"""Searches on the NAS-Bench-201 table, and their known optima.

A search is judged by what the whole table says, which no search sees: the test accuracy of
the candidate that is best by validation, or the share of the true front's hypervolume that
was not found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasengine.core.search_spec import SearchSpec
from nasengine.estimators.tables.cells import cells_of
from nasengine.execution import loop as search
from nasengine.pareto import growth, hypervolume, non_dominated

REFERENCE = 1.1
PREFIXES = {"cifar10": "c10", "cifar100": "c100", "imagenet16-120": "in16"}
THREE = ("error", "params", "latency@raspi4")
FOUR = ("error", "params", "latency@pi5_litert", "energy@pi5_litert")
COSTS = {
    "latency@raspi4": "lat_ms_raspi4",
    "latency@pi5_litert": "hw360_pi5_litert_lat_ms",
    "energy@pi5_litert": "hw360_pi5_litert_energy_mj",
}


@dataclass(frozen=True)
class World:
    """The whole table as points (n x m, lower is better), scaled to 0..1.

    The reference is 1.1 in every scaled objective.
    """

    low: np.ndarray
    high: np.ndarray
    front_size: int
    volume: float

    @classmethod
    def of(cls, path: Path, dataset: str, objectives: tuple[str, ...]) -> World:
        prefix = PREFIXES[dataset]
        own = {"error": f"{prefix}_val_acc_200", "params": f"{prefix}_params"}
        columns = tuple({**own, **COSTS}[name] for name in objectives)
        points = cells_of(str(path), ("arch_str",), columns).numbers.copy()
        points[:, 0] = 100 - points[:, 0]
        low, high = points.min(axis=0), points.max(axis=0)
        scaled = (points - low) / (high - low)
        front = len(np.unique(scaled[non_dominated(scaled)], axis=0))
        return cls(low, high, front, hypervolume(scaled, cls.reference(len(objectives))))

    @staticmethod
    def reference(objectives: int) -> np.ndarray:
        return np.full(objectives, REFERENCE)

    def gap(self, points: np.ndarray) -> float:
        """Return the share of the true front's hypervolume that n x m points miss, in percent."""
        scaled = (points - self.low) / (self.high - self.low)
        return 100 * (1 - hypervolume(scaled, self.reference(len(self.low))) / self.volume)


@dataclass(frozen=True)
class Asked:
    """One question: data set, objectives, and how its answers are judged."""

    name: str
    dataset: str
    objectives: tuple[str, ...]

    @property
    def several(self) -> bool:
        return len(self.objectives) > 1

    def spec(
        self, path: Path, strategy: str, settings: dict, seed: int, candidates: int
    ) -> SearchSpec:
        """As the command line and the pages would ask it."""
        return SearchSpec(
            space="nb201",
            strategy=strategy,
            estimator="table",
            dataset=self.dataset,
            objectives=self.objectives,
            candidates=candidates,
            seed=seed,
            strategy_config=dict(settings),
            estimator_config={"path": str(path)},
        )

    def curve(self, spec: SearchSpec, world: World | None) -> list[float]:
        """After each candidate: test accuracy of the best by validation, or the gap; percent."""
        ended = search.run(spec).candidates
        if world is not None:
            points = np.array(
                [[one.outcome.values[name] for name in self.objectives] for one in ended]
            )
            return gaps_over(points, world)
        curve, best = [], (np.inf, 0.0)
        for one in ended:
            values = one.outcome.values
            best = min(best, (values["error"], values["test_error"]))
            curve.append(100 - best[1])
        return curve


def gaps_over(points: np.ndarray, world: World) -> list[float]:
    """The gap after each of n x m points."""
    scaled = (points - world.low) / (world.high - world.low)
    grown = growth(scaled, world.reference(len(world.low)))
    return (100 * (1 - grown / world.volume)).tolist()


QUESTIONS = (
    Asked("CIFAR-10", "cifar10", ("error",)),
    Asked("CIFAR-100", "cifar100", ("error",)),
    Asked("ImageNet16-120", "imagenet16-120", ("error",)),
    Asked("three objectives", "cifar100", THREE),
    Asked("four objectives", "cifar100", FOUR),
)

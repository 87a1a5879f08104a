"""Search problems on the NAS-Bench-201 table, and how well a search solved them.

Searches are scored with the whole table, which no search sees: by the test accuracy of the
candidate that is best by validation, or by the share of the true front's hypervolume that was
not found (the gap).
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
    """The front of the whole table, with the objectives scaled to 0..1 over the table.

    The reference point is 1.1 in every scaled objective.

    Attributes:
        low: smallest value of each objective, m.
        high: largest value of each objective, m.
        front_size: different points on the front.
        volume: hypervolume of the front.
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
        return cls.of_points(points)

    @classmethod
    def of_points(cls, points: np.ndarray) -> World:
        """The world in which the n x m points (lower is better) are all there is."""
        low, high = points.min(axis=0), points.max(axis=0)
        scaled = (points - low) / (high - low)
        front = len(np.unique(scaled[non_dominated(scaled)], axis=0))
        return cls(low, high, front, hypervolume(scaled, cls.reference(len(low))))

    @staticmethod
    def reference(objectives: int) -> np.ndarray:
        return np.full(objectives, REFERENCE)

    def gap(self, points: np.ndarray) -> float:
        """Return the share of the true front's hypervolume that n x m points miss, in percent."""
        scaled = (points - self.low) / (self.high - self.low)
        return 100 * (1 - hypervolume(scaled, self.reference(len(self.low))) / self.volume)

    def gaps(self, points: np.ndarray) -> list[float]:
        """Return the gap after each of n x m points in order of arrival."""
        scaled = (points - self.low) / (self.high - self.low)
        grown = growth(scaled, self.reference(len(self.low)))
        return (100 * (1 - grown / self.volume)).tolist()


@dataclass(frozen=True)
class Problem:
    """A data set and objectives of the table."""

    name: str
    dataset: str
    objectives: tuple[str, ...]

    @property
    def multi_objective(self) -> bool:
        return len(self.objectives) > 1

    def world(self, path: Path) -> World | None:
        """Return the table's front for this problem; None with one objective."""
        return World.of(path, self.dataset, self.objectives) if self.multi_objective else None

    def lowest_error(self, path: Path) -> float | None:
        """Return the lowest validation error of the table; None with several objectives."""
        if self.multi_objective:
            return None
        column = f"{PREFIXES[self.dataset]}_val_acc_200"
        return 100 - float(cells_of(str(path), ("arch_str",), (column,)).numbers.max())

    def spec(
        self, path: Path, strategy: str, settings: dict, seed: int, candidates: int
    ) -> SearchSpec:
        """Return the search settings, as the command line and the pages would write them."""
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

    def values(self, spec: SearchSpec) -> list[dict[str, float]]:
        """Run a search; return the measured values of each candidate."""
        return [candidate.outcome.values for candidate in search.run(spec).candidates]

    def curve(self, values: list[dict[str, float]], world: World | None) -> list[float]:
        """Return the result after each candidate of a search, in percent.

        The result is the gap, or with one objective the test accuracy of the best by validation.
        """
        if world is not None:
            return world.gaps(np.array([[row[name] for name in self.objectives] for row in values]))
        curve, best = [], (np.inf, 0.0)
        for row in values:
            best = min(best, (row["error"], row["test_error"]))
            curve.append(100 - best[1])
        return curve


QUESTIONS = (
    Problem("CIFAR-10", "cifar10", ("error",)),
    Problem("CIFAR-100", "cifar100", ("error",)),
    Problem("ImageNet16-120", "imagenet16-120", ("error",)),
    Problem("three objectives", "cifar100", THREE),
    Problem("four objectives", "cifar100", FOUR),
)

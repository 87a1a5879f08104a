"""Names and settings of the schedules."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.search_spec import SearchSpec

METHODS = ("halving", "asha", "median", "curves")
FIRST_PART_IS_TOLD = ("halving", "asha")  # a strategy learns the values after the first part


@dataclass(frozen=True)
class ScheduleSettings:
    """The settings of a schedule, as in `SearchSpec`."""

    first_epochs: int = 1
    reduction: int = 4
    min_chance: float = 0.05
    min_curves: int = 20
    curve_model: str = "gaussian-process"
    seed: int = 0

    @classmethod
    def of(cls, spec: SearchSpec) -> ScheduleSettings:
        return cls(
            spec.first_epochs,
            spec.reduction,
            spec.min_chance,
            spec.min_curves,
            spec.curve_model,
            spec.seed,
        )

    def next_rung(self, reached: int) -> int:
        """Return the smallest rung above `reached`: first_epochs times a power of reduction."""
        rung = self.first_epochs
        while rung <= reached:
            rung *= self.reduction
        return rung

    def rungs(self, planned: int) -> int:
        """Return how many rungs a training of so many epochs has, its end included."""
        count, rung = 1, self.first_epochs
        while rung < planned:
            rung *= self.reduction
            count += 1
        return count

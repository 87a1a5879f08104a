"""Pareto: dominance, fronts, selection and hypervolume on plain arrays.

Points are n x m float arrays in which lower is better; `oriented` makes them out of
named values, and nothing outside of this room flips a sign. Rows that hold a number that
is not finite are never on a front, dominate nobody and add nothing to a hypervolume.
"""

from .dominance import constrained_front, non_dominated, ranks
from .orientation import oriented, violation
from .run_front import RunFront, Step
from .selection import crowding, survivors
from .volume import GrowingFront, growth, hypervolume

__all__ = [
    "GrowingFront",
    "RunFront",
    "Step",
    "constrained_front",
    "crowding",
    "growth",
    "hypervolume",
    "non_dominated",
    "oriented",
    "ranks",
    "survivors",
    "violation",
]

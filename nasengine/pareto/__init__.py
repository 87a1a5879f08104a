"""Pareto dominance, fronts, selection and hypervolume on plain arrays.

Points are n x m float arrays in which lower is better. `oriented` builds them from named
values; no other package flips a sign. A row with a number that is not finite is never on a
front, dominates no other row and adds nothing to a hypervolume.
"""

from .dominance import constrained_front, non_dominated, ranks
from .orientation import oriented, violation
from .run_front import RunFront, Step
from .scaling import within_half
from .selection import best, crowding, survivors
from .volume import GrowingFront, growth, hypervolume, reference_point

__all__ = [
    "GrowingFront",
    "RunFront",
    "Step",
    "best",
    "constrained_front",
    "crowding",
    "growth",
    "hypervolume",
    "non_dominated",
    "oriented",
    "ranks",
    "reference_point",
    "survivors",
    "violation",
    "within_half",
]

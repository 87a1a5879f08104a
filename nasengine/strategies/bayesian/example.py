"""A measured candidate as the surrogate's training example."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ...core.architecture import Architecture
from ...core.space import Space
from ..common.packed_tokens import pack_tokens, unpack_tokens


def pack(architecture: Architecture, space: Space) -> Any:
    """Return an architecture as short JSON: its decisions if the space has them."""
    if "decisions" in space.capabilities:
        return pack_tokens(space.choices(architecture))
    return {"genome": architecture.genome, "config": architecture.config}


def unpack(value: Any, space: Space) -> Architecture:
    """Return the architecture of what `pack` returned."""
    if isinstance(value, str):
        return space.from_choices(unpack_tokens(value))
    return Architecture(space.name, value["config"], value["genome"])


@dataclass(frozen=True)
class Example:
    """A measured candidate.

    `point` holds one number per objective, lower is better; NaN if it was not measured, because
    the candidate violates a constraint. `violation` is 0 if it meets every constraint.
    """

    number: int
    architecture: Architecture
    point: tuple[float, ...]
    violation: float

    def to_json(self, space: Space) -> list[Any]:
        point = [value if math.isfinite(value) else None for value in self.point]
        return [self.number, pack(self.architecture, space), point, self.violation]

    @classmethod
    def from_json(cls, value: list[Any], space: Space) -> Example:
        number, packed, numbers, violation = value
        point = tuple(math.nan if one is None else float(one) for one in numbers)
        return cls(number, unpack(packed, space), point, float(violation))

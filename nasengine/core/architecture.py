"""Architecture: an immutable, JSON-clean description of a network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any


def canonical_json(value: Any) -> str:
    """Return the canonical text of a JSON value: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: the value has NaN, infinity or a type that JSON lacks.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Architecture:
    """A complete description of a network, from which its space builds it.

    Input shape and number of classes belong to the data set; they are passed to `build`.

    Attributes:
        space: Catalogue name of the space.
        config: Settings of the space (cells, channels, operations ...).
        genome: The choices within these settings, any JSON value.
    """

    space: str
    config: dict[str, Any]
    genome: Any

    @cached_property
    def canonical(self) -> str:
        """Canonical JSON text; equal architectures have equal texts."""
        return canonical_json(self.to_json())

    @cached_property
    def id(self) -> str:
        """SHA-256 of the canonical text, 64 hex digits."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {"space": self.space, "config": self.config, "genome": self.genome}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Architecture:
        return cls(space=value["space"], config=value["config"], genome=value["genome"])

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Architecture) and self.canonical == other.canonical

"""Column mapping of a table: which columns name the architecture and the objectives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Mapping:
    """Which columns name the architecture and the objectives, and the space of the rows.

    Fields may be empty: they are filled in if the table determines them.
    """

    space: str = ""
    space_config: dict[str, Any] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    architecture: str = ""

"""Tables that come with the engine, found by their names.

Each is a file `NAME.csv.gz` in the folder `data`, and a file `NAME.json` that says what its
columns mean, which space it covers and where its numbers come from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...core.space import Space
from .space_matching import settings_mismatches

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True)
class PackagedTable:
    """A packaged table and the settings of a search on it.

    Attributes:
        name: The value of the estimator's setting `path`.
        summary: One line for people.
        space: The space whose architectures are the rows.
        space_config: The settings of that space; with them every architecture is in the table.
        datasets: The names that a search may give as its data set.
        columns: The setting `columns` of the estimator.
        report: The setting `report` of the estimator.
        architecture: The setting `architecture` of the estimator.
        digest: SHA-256 of the unpacked rows.
        provenance: Script, settings, machine and versions of the measurement.
    """

    name: str
    summary: str
    space: str
    space_config: dict[str, Any]
    datasets: tuple[str, ...]
    columns: tuple[str, ...]
    report: tuple[str, ...]
    architecture: str
    digest: str
    provenance: dict[str, Any]

    @property
    def file(self) -> Path:
        """The packed rows."""
        return FOLDER / f"{self.name}.csv.gz"

    def search_settings(self) -> dict[str, Any]:
        """Return the fields of a `SearchSpec` that a search on this table needs."""
        return {
            "space": self.space,
            "space_config": dict(self.space_config),
            "estimator": "table",
            "estimator_config": {"path": self.name},
            "dataset": self.datasets[0],
        }

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        """Return the settings of a search that do not fit this table: dotted setting -> message."""
        errors = {}
        if dataset not in self.datasets:
            known = ", ".join(self.datasets)
            errors["dataset"] = f"{dataset[:60]!r} is not in the table {self.name}; it has {known}"
        if space.name != self.space:
            errors["space"] = f"{self.name} holds architectures of {self.space}: choose that space"
            return errors
        return errors | settings_mismatches(space, self.space_config, self.name)


@cache
def packaged_tables() -> dict[str, PackagedTable]:
    """All packaged tables by name."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.json"))}


def packaged_table(path: str) -> PackagedTable | None:
    """The packaged table that the setting `path` names; None if it names another table."""
    return packaged_tables().get(path.strip())


def packaged_space_config(path: str, space: str) -> dict[str, Any]:
    """Space settings of the packaged table that `path` names; {} for other tables and spaces."""
    table = packaged_table(path)
    return dict(table.space_config) if table and table.space == space else {}


def _read(path: Path) -> PackagedTable:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name in ("datasets", "columns", "report"):
        values[name] = tuple(values[name])
    return PackagedTable(name=path.stem, **values)

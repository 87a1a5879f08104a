"""Reading a team's tables. Nothing here writes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, QuerySet

from nasengine.estimators.tables.imported import ImportedTable

from .models import BenchmarkTable

MAX_SUGGESTED = 100
FAVOURED = ("error", "params")
MAX_FAVOURED = 3
CANDIDATES = 500


def tables_of(team: Any) -> QuerySet[BenchmarkTable]:
    """The team's tables by name, newest version first.

    Each with `run_count` and `replaced`: whether a newer version bears its name.
    """
    newer = BenchmarkTable.objects.filter(
        team=OuterRef("team"), name=OuterRef("name"), version__gt=OuterRef("version")
    )
    found = BenchmarkTable.objects.filter(team=team).select_related("created_by")
    counted = found.annotate(run_count=Count("runs"), replaced=Exists(newer))
    return counted.order_by("name", "-version")


def tables_by_name(team: Any) -> dict[str, str]:
    """What may be typed into the path of a table -> what it is, for the newest of each name."""
    newest = tables_of(team).filter(replaced=False)[:MAX_SUGGESTED]
    return {
        ImportedTable(table.name).path: f"{table.rows:,} rows of {table.space or 'any space'}"
        for table in newest
    }


def searches_of(table: BenchmarkTable) -> list[dict[str, str]]:
    """A link for each data set of the table: the launch form, filled in to search on it."""
    return [
        {"dataset": dataset, "query": urlencode(_filled_in(table, dataset))}
        for dataset in table.datasets
    ]


def objectives_of(table: BenchmarkTable, dataset: str) -> list[dict[str, Any]]:
    """What can steer a search on one data set of the table."""
    return [one for one in table.objectives if one["dataset"] in ("", dataset)]


def names_of(table: BenchmarkTable) -> list[str]:
    """The names of all objectives, each once."""
    return list(dict.fromkeys(one["name"] for one in table.objectives))


def _filled_in(table: BenchmarkTable, dataset: str) -> dict[str, str]:
    space = {"space": table.space} if table.space else {}
    return {
        **space,
        "estimator": "table",
        "estimator_config.path": ImportedTable(table.name).path,
        "dataset": dataset,
        "objectives": ",".join(_favoured(table, dataset)),
        "candidates": str(CANDIDATES),
        "in_flight": "1",
        "name": f"DPP-Net on {table.name}, {dataset}",
    }


def _favoured(table: BenchmarkTable, dataset: str) -> list[str]:
    """Error and parameters where they are there, then the first of the others."""
    names = [one["name"] for one in objectives_of(table, dataset)]
    first = [name for name in FAVOURED if name in names]
    devices = [name for name in names if "@" in name]
    others = [name for name in names if "@" not in name and name not in first]
    return [*first, *devices, *others][:MAX_FAVOURED]

"""Reading a team's tables; nothing here writes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, QuerySet

from nasengine.estimators.tables.imported import ImportedTable
from nasengine.estimators.tables.packaged import packaged_tables
from webapp.accounts.models import Team

from .models import BenchmarkTable, ImportState, TableImport

MAX_SUGGESTED = 100
MAX_LINKED = 8
DEFAULT_OBJECTIVES = ("error", "params")
MAX_OBJECTIVES = 3
CANDIDATES = 500


def tables_of(team: Team) -> QuerySet[BenchmarkTable]:
    """Return the team's tables by name, newest version first.

    Adds `run_count` and `replaced`, whether there is a newer version of the name.
    """
    newer = BenchmarkTable.objects.filter(
        team=OuterRef("team"), name=OuterRef("name"), version__gt=OuterRef("version")
    )
    found = BenchmarkTable.objects.filter(team=team).select_related("created_by")
    counted = found.annotate(run_count=Count("runs"), replaced=Exists(newer))
    return counted.order_by("name", "-version")


def imports_of(team: Team) -> QuerySet[TableImport]:
    """Return the team's imports that have stored no table yet, newest first."""
    rows = TableImport.objects.filter(team=team).exclude(state=ImportState.DONE)
    return rows.select_related("created_by").order_by("-pk")


def tables_by_name(team: Team) -> dict[str, str]:
    """Return a description of the newest version of each table, by the path that names it."""
    newest = tables_of(team).filter(replaced=False)  # type: ignore[misc]  # an annotation
    return {
        ImportedTable(table.name).path: f"{table.rows:,} rows of {table.space or 'any space'}"
        for table in newest[:MAX_SUGGESTED]
    }


def settings_of_tables(team: Team) -> list[dict[str, str]]:
    """Return for each table and data set the query that fills a form with its settings.

    The packaged tables come last, unless the team has imported them.
    """
    newest = tables_of(team).filter(replaced=False)  # type: ignore[misc]  # an annotation
    rows = [
        {
            "name": f"{table.name}, {dataset}" if len(table.datasets) > 1 else table.name,
            "query": urlencode(search_settings(table, dataset), doseq=True),
        }
        for table in newest[:MAX_LINKED]
        for dataset in table.datasets
    ]
    taken = {row["name"] for row in rows}
    return rows + [
        {"name": name, "query": urlencode(_flat(packaged.search_settings()), doseq=True)}
        for name, packaged in packaged_tables().items()
        if name not in taken
    ]


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Return search settings as the names and values of a form."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = value if isinstance(value, dict) else None
        flat |= {f"{name}.{n}": v for n, v in inner.items()} if inner is not None else {name: value}
    return flat


def searches_of(table: BenchmarkTable) -> list[dict[str, str]]:
    """Return for each data set of the table the queries of forms that search on it."""
    return [
        {
            "dataset": dataset,
            "query": _query(table, dataset, "bayesian"),
            "study_query": _query(table, dataset, "Methods"),
        }
        for dataset in table.datasets
    ]


def _query(table: BenchmarkTable, dataset: str, subject: str) -> str:
    filled_in = {**search_settings(table, dataset), "name": f"{subject} on {table.name}, {dataset}"}
    return urlencode(filled_in, doseq=True)


def own_space_of(table: BenchmarkTable) -> dict[str, Any] | None:
    """Return pk and version of the team's space that the table defines; None if there is none."""
    # By the reverse relation: spaces are above the tables and not imported here.
    versions = table.team.space_set.filter(
        engine_space=table.space, versions__config=table.space_config
    ).order_by("pk", "-versions__number")
    found = versions.values("pk", "name", number=F("versions__number")).first()
    return dict(found) if found else None


def objectives_of(table: BenchmarkTable, dataset: str) -> list[dict[str, Any]]:
    """Return the objectives of a search on one data set of the table."""
    return [objective for objective in table.objectives if objective["dataset"] in ("", dataset)]


def names_of(table: BenchmarkTable) -> list[str]:
    """Return the names of all objectives, each once."""
    return list(dict.fromkeys(objective["name"] for objective in table.objectives))


def search_settings(table: BenchmarkTable, dataset: str) -> dict[str, Any]:
    """Return the fields of a form that searches on one data set of the table."""
    space = {"space": table.space} if table.space else {}
    settings = {f"space_config.{name}": value for name, value in table.space_config.items()}
    return {
        **space,
        **settings,
        "estimator": "table",
        "estimator_config.path": ImportedTable(table.name).path,
        "dataset": dataset,
        "objectives": ",".join(_default_objectives(table, dataset)),
        "candidates": str(CANDIDATES),
        "in_flight": "1",
    }


def _default_objectives(table: BenchmarkTable, dataset: str) -> list[str]:
    """Error and parameters if the table has them, then device costs, then the others."""
    names = [objective["name"] for objective in objectives_of(table, dataset)]
    first = [name for name in DEFAULT_OBJECTIVES if name in names]
    devices = [name for name in names if "@" in name]
    others = [name for name in names if "@" not in name and name not in first]
    return [*first, *devices, *others][:MAX_OBJECTIVES]

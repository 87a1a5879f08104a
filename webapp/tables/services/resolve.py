"""From the table a person names to one that never changes, with what its columns mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.estimators.tables.estimator import TableConfig
from nasengine.estimators.tables.imported import ImportedTable, imported_table
from webapp.tables.models import BenchmarkTable

from .materialise import imported_table_of, materialise_table

PATH = "estimator_config.path"
MAX_NAMED = 10


@dataclass(frozen=True)
class ResolvedSpec:
    """A question whose table is fixed; `errors` maps dotted settings to messages."""

    spec: SearchSpec
    table: BenchmarkTable | None = None
    errors: dict[str, str] = field(default_factory=dict)


def resolve(team: Any, spec: SearchSpec) -> ResolvedSpec:
    """Fixes the imported table that a question names, if it names one of this team.

    `table:NAME` becomes the newest version's digest, so that the run keeps it when the name
    is imported anew. Columns that the question leaves open are those of the import. The
    table then lies on this machine. Another team's table is as if it did not exist.
    """
    try:
        named = imported_table_of(spec.to_json())
    except EngineError as error:
        return ResolvedSpec(spec, errors={PATH: str(error)})
    if named is None:
        return ResolvedSpec(spec)
    table = _table(team, named)
    if table is None:
        return ResolvedSpec(spec, errors={PATH: _unknown(team, named)})
    resolved = replace(spec, estimator_config=_mapped(spec.estimator_config, table))
    errors = _mismatches(spec, table)
    try:
        materialise_table(resolved.to_json())
    except EngineError as error:
        errors[PATH] = str(error)
    return ResolvedSpec(resolved, table, errors)


def chosen_table(team: Any, path: str) -> BenchmarkTable | None:
    """The team's table that a setting `path` names; None: it names none, or a file."""
    try:
        named = imported_table(path)
    except EngineError:
        return None
    return _table(team, named) if named else None


def _table(team: Any, named: ImportedTable) -> BenchmarkTable | None:
    found = BenchmarkTable.objects.filter(team=team, name=named.name).order_by("-version")
    return (found.filter(digest=named.digest) if named.digest else found).first()


def _unknown(team: Any, named: ImportedTable) -> str:
    known = BenchmarkTable.objects.filter(team=team).values_list("name", flat=True)
    names = ", ".join(known.distinct().order_by("name")[:MAX_NAMED]) or "none yet"
    return f"{named.label[:80]} is no table of {team}: it has {names}; import one under Data"


def _mapped(config: dict[str, Any], table: BenchmarkTable) -> dict[str, Any]:
    """The settings with everything filled in that was left as it is."""
    mapped = {**config, "path": table.fixed.path}
    if not _given(config.get("columns")):
        mapped |= {"columns": list(table.columns), "report": list(table.report)}
    if config.get("architecture") in (None, "", TableConfig().architecture):
        mapped["architecture"] = table.architecture
    return mapped


def _given(columns: Any) -> bool:
    return bool(columns.strip(" ,") if isinstance(columns, str) else columns)


def _mismatches(spec: SearchSpec, table: BenchmarkTable) -> dict[str, str]:
    errors = {}
    if table.space and spec.space != table.space:
        errors["space"] = (
            f"{table.name} holds architectures of {table.space}, not of {spec.space[:60]}: "
            f"choose {table.space}"
        )
    if spec.dataset not in table.datasets:
        errors["dataset"] = (
            f"{spec.dataset[:60]!r} is not in the table {table.name}; "
            f"it has {', '.join(table.datasets)}"
        )
    return errors

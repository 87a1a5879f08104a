"""Resolving a table's name to one fixed version, with the meaning of its columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.core.text import shorten
from nasengine.estimators.tables.estimator import TableConfig
from nasengine.estimators.tables.imported import ImportedTable, imported_table
from nasengine.estimators.tables.space_matching import settings_mismatches
from webapp.accounts.models import Team
from webapp.datasets.services.resolving import with_data
from webapp.devices.services.resolving import with_devices
from webapp.tables.models import BenchmarkTable

from .materialise import imported_table_of, materialise_table

PATH = "estimator_config.path"
MAX_NAMES_LISTED = 10


@dataclass(frozen=True)
class ResolvedSpec:
    """Search settings with a fixed table; `errors` maps dotted settings to messages."""

    spec: SearchSpec
    table: BenchmarkTable | None = None
    errors: dict[str, str] = field(default_factory=dict)


def resolve(team: Team | None, spec: SearchSpec) -> ResolvedSpec:
    """Fix the imported table or uploaded data set of the team that search settings name.

    `table:NAME` becomes the digest of the newest version, so that the run keeps this version if
    the name is imported again. Columns that the settings leave open are those of the import. The
    table is written to this machine. Tables of other teams are treated as missing.
    """
    spec = with_devices(team, spec)
    try:
        named = imported_table_of(spec.to_json())
    except EngineError as error:
        return ResolvedSpec(spec, errors={PATH: str(error)})
    if named is None:
        spec, errors = with_data(team, spec)
        return ResolvedSpec(spec, errors=errors)
    table = _table(team, named)
    if table is None:
        return ResolvedSpec(spec, errors={PATH: _unknown(team, named)})
    config = _with_columns(spec.estimator_config, table)
    resolved = replace(spec, estimator_config=config)
    errors = _mismatches(spec, table)
    try:
        materialise_table(resolved.to_json())
    except EngineError as error:
        errors[PATH] = str(error)
    return ResolvedSpec(resolved, table, errors)


def chosen_table(team: Team | None, path: str) -> BenchmarkTable | None:
    """Return the team's table that a setting `path` names; None if it names a file or nothing."""
    try:
        named = imported_table(path)
    except EngineError:
        return None
    return _table(team, named) if named else None


def _table(team: Team | None, named: ImportedTable) -> BenchmarkTable | None:
    tables = BenchmarkTable.objects.filter(team=team, name=named.name).order_by("-version")
    return (tables.filter(digest=named.digest) if named.digest else tables).first()


def _unknown(team: Team | None, named: ImportedTable) -> str:
    rows = BenchmarkTable.objects.filter(team=team).values_list("name", flat=True)
    names = ", ".join(rows.distinct().order_by("name")[:MAX_NAMES_LISTED]) or "none"
    return (
        f"{team} has no table {shorten(named.label)}; it has: {names}. "
        "Choose one of them or import a table on the Data page"
    )


def _with_columns(config: dict[str, Any], table: BenchmarkTable) -> dict[str, Any]:
    """The estimator's settings with the open ones filled in from the import."""
    filled = {**config, "path": table.fixed.path}
    if not _has_columns(config.get("columns")):
        filled |= {"columns": list(table.columns), "report": list(table.report)}
    if config.get("architecture") in (None, "", TableConfig().architecture):
        filled["architecture"] = table.architecture
    return filled


def _has_columns(columns: Any) -> bool:
    return bool(columns.strip(" ,") if isinstance(columns, str) else columns)


def _settings_mismatches(spec: SearchSpec, table: BenchmarkTable) -> dict[str, str]:
    """Return the settings of the space that differ from those of the measurement."""
    space_class = catalog.load("spaces", table.space)
    try:
        space = space_class(from_mapping(space_class.Config, spec.space_config))
    except InvalidSettings:
        return {}  # the check of the whole search reports it
    return settings_mismatches(space, table.space_config, table.name)


def _mismatches(spec: SearchSpec, table: BenchmarkTable) -> dict[str, str]:
    """Return what the table's space and data sets do not allow, by setting."""
    errors = {}
    if table.space and spec.space != table.space:
        errors["space"] = (
            f"{table.name} has architectures of {table.space}, not of {spec.space[:60]}: "
            f"choose {table.space}"
        )
    elif table.space:
        errors |= _settings_mismatches(spec, table)
    if spec.dataset not in table.datasets:
        errors["dataset"] = (
            f"table {table.name} has no data set {shorten(spec.dataset)}: "
            f"choose one of {', '.join(table.datasets)}"
        )
    return errors

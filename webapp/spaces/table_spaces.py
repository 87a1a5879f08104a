"""Spaces that tables define, and the tables that a space can be searched on."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.settings import from_mapping
from nasengine.estimators.tables.space_matching import settings_mismatches
from webapp.accounts.models import Team
from webapp.runs.models import Space
from webapp.tables.models import BenchmarkTable

from .services import MAX_SPACE_NAME, add_version

MAX_TABLES = 50


def connect() -> None:
    """Connect the signal; called once, when the application is loaded."""
    post_save.connect(_stored, sender=BenchmarkTable, dispatch_uid="spaces of tables")


def table_for(team: Team, engine_space: str, config: dict[str, Any]) -> BenchmarkTable | None:
    """Return the newest table that has the architectures of a space without networks."""
    if _builds_networks(engine_space):
        return None
    cls = catalog.load("spaces", engine_space)
    try:
        space = cls(from_mapping(cls.Config, config))
    except EngineError:
        return None
    tables = BenchmarkTable.objects.filter(team=team, space=engine_space).order_by("-pk")
    return next(
        (
            table
            for table in tables[:MAX_TABLES]
            if not settings_mismatches(space, table.space_config, table.name)
        ),
        None,
    )


def _stored(instance: BenchmarkTable, created: bool, **_: Any) -> None:
    """Store the space of a new table as a version of the team's space of the table's name."""
    if not created or not instance.space or _builds_networks(instance.space):
        return
    add_version(
        instance.team,
        instance.created_by,
        _free_name(instance.team, instance.name, instance.space),
        instance.space,
        instance.space_config,
        note=f"columns of the table {instance}",
    )


def _free_name(team: Team, name: str, engine_space: str) -> str:
    """Return the name, with a number if a space of the team with networks has it."""
    taken = set(
        Space.objects.filter(team=team)
        .exclude(engine_space=engine_space)
        .values_list("name", flat=True)
    )
    names = [name, *(f"{name[: MAX_SPACE_NAME - 8]} {number}" for number in range(2, 1000))]
    return next(name for name in names if name not in taken)


def _builds_networks(engine_space: str) -> bool:
    try:
        return bool(catalog.load("spaces", engine_space).builds_networks)
    except EngineError:
        return True

"""Reading search spaces: versions with their settings, size, samples, runs and best results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.db.models import Count, Max, Q, QuerySet

from nasengine import catalog
from nasengine.core.decision import Decision
from nasengine.core.errors import EngineError
from nasengine.core.settings import describe, from_mapping
from webapp.accounts.models import Team
from webapp.runs.best_values import Best, best_values
from webapp.runs.models import Run, Space, SpaceVersion
from webapp.runs.queries import runs_of
from webapp.runs.setting_forms import as_text
from webapp.tables.models import BenchmarkTable
from webapp.tables.queries import search_settings

from .table_spaces import table_for

SAMPLES = 6
MAX_NAMED = 8  # decisions in the list of versions
MAX_RUNS = 20


@dataclass(frozen=True)
class VersionRow:
    """One version on the page: its changed settings, size and number of the team's runs."""

    version: SpaceVersion
    changed: list[tuple[str, str]]
    size: str
    runs: int
    query: str
    decisions: tuple[Decision, ...] = ()
    table: BenchmarkTable | None = None


@dataclass(frozen=True)
class Sample:
    """A random architecture: its drawing, its line of text and its id."""

    key: str
    graph: dict[str, Any]
    text: str


def spaces_of(team: Team) -> QuerySet[Space]:
    """Return the team's spaces and those of all teams, by name, with counts of versions and runs.

    Only runs of the team are counted.
    """
    visible = Space.objects.filter(Q(team=team) | Q(team=None))
    return visible.annotate(
        newest=Max("versions__number"),
        run_count=Count("versions__runs", filter=Q(versions__runs__team=team), distinct=True),
    ).order_by("name", "pk")


def versions_of(space: Space, team: Team) -> list[VersionRow]:
    """Return the versions of a space, the newest first."""
    rows = space.versions.select_related("created_by").annotate(
        run_count=Count("runs", filter=Q(runs__team=team))
    )
    return [_row(space, version, team) for version in rows.order_by("-number")]


def best_runs(version: SpaceVersion, team: Team) -> list[tuple[Run, Best]]:
    """Return the newest runs of the team in one version, each with its best value."""
    runs = list(runs_of(team).filter(space_version=version).order_by("-pk")[:MAX_RUNS])
    best = best_values(runs)
    return [(run, best[run.pk]) for run in runs]


def samples_of(space: Space, version: SpaceVersion) -> list[Sample]:
    """Return random architectures of a version, the same ones at each call."""
    built = built_space(space.engine_space, version.config)
    if built is None:
        return []
    rng = np.random.default_rng(version.pk)
    found = []
    for _ in range(SAMPLES):
        architecture = built.sample(rng)
        found.append(Sample(architecture.id, built.graph(architecture), built.text(architecture)))
    return found


def built_space(name: str, config: dict[str, Any]) -> Any:
    """Return a space of the engine with settings; None if it can no longer be built."""
    try:
        cls = catalog.load("spaces", name)
        return cls(from_mapping(cls.Config, config))
    except EngineError:
        return None


def size_of(name: str, config: dict[str, Any]) -> str:
    """Return the number of architectures in words; empty if it is not known.

    The product of the options counts some architectures twice, or some that are not allowed, so it
    is an upper bound.
    """
    built = built_space(name, config)
    if built is not None and not built.builds_networks:
        return number_words(built.size() or 0)
    try:
        decisions = built.decisions() if built is not None else ()
    except TypeError:  # a space without a fixed sequence of decisions
        return ""
    if not decisions:
        return ""
    return f"at most {number_words(math.prod(len(decision.options) for decision in decisions))}"


def number_words(number: int) -> str:
    """Return a number of architectures, rounded if it is long."""
    if number < 10**6:
        return f"{number:,}"
    digits = math.log10(number)
    return f"{10 ** (digits % 1):.1f} × 10^{int(digits)}"


def _row(space: Space, version: Any, team: Team) -> VersionRow:
    name, config = space.engine_space, version.config
    settings = {f"space_config.{key}": as_text(value) for key, value in config.items()}
    query = {"space": name, **settings}
    table = table_for(team, name, config)
    if table is not None:
        query = {**search_settings(table, table.datasets[0]), **query}
    return VersionRow(
        version,
        changed_settings(name, config),
        size_of(name, config),
        version.run_count,
        urlencode(query),
        own_decisions(name, config),
        table,
    )


def own_decisions(name: str, config: dict[str, Any]) -> tuple[Decision, ...]:
    """Return the decisions of a space without networks, which are its settings; else nothing."""
    built = built_space(name, config)
    return () if built is None or built.builds_networks else tuple(built.decisions())


def changed_settings(name: str, config: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the settings that differ from their default, as (name, value)."""
    if decisions := own_decisions(name, config):
        names = ", ".join(decision.name for decision in decisions[:MAX_NAMED])
        more = " ..." if len(decisions) > MAX_NAMED else ""
        return [(f"{len(decisions)} decisions:", names + more)]
    try:
        known = describe(catalog.load("spaces", name).Config)
    except EngineError:
        known = []
    defaults = {setting.name: as_text(setting.default) for setting in known}
    return [
        (key.replace("_", " "), as_text(value))
        for key, value in config.items()
        if as_text(value) != defaults.get(key)
    ]

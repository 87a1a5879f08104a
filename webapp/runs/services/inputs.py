"""The rows that a search refers to: its team's space version and data set.

A team's spaces and data sets are named. Launching a search with settings that no row has yet
adds one: the next version of the team's space, or a data set of a new name. Rows without a team
are shared by all teams and are used if their settings are the same.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, Max, Q

from nasengine.core.search_spec import SearchSpec
from webapp.accounts.models import Team, User
from webapp.datasets.services.resolving import data_rows
from webapp.runs.models import DataSet, Space, SpaceVersion

MAX_SOURCE = DataSet._meta.get_field("source").max_length
LAUNCH_NOTE = "added by a launch"


def space_version_of(team: Team, user: User | None, spec: SearchSpec) -> SpaceVersion:
    """Return the team's version of the space with exactly these settings; create it if missing.

    Call it inside a transaction: the team's space is locked while its next version is numbered.
    """
    config = dict(spec.space_config)
    if found := _same_version(team, spec.space, config):
        return found
    space = _space_of(team, spec.space)
    Space.objects.select_for_update().get(pk=space.pk)
    if found := _same_version(team, spec.space, config):
        return found  # another launch was quicker
    newest = space.versions.aggregate(newest=Max("number"))["newest"] or 0
    return SpaceVersion.objects.create(
        space=space, number=newest + 1, config=config, note=LAUNCH_NOTE, created_by=user
    )


def data_set_of(team: Team, spec: SearchSpec) -> DataSet:
    """Return the team's data set with exactly these settings; create it if missing."""
    # A table in a file may give its data set a name of any length.
    source, config = spec.dataset[:MAX_SOURCE], dict(spec.dataset_config)
    same = DataSet.objects.filter(_visible("team", team), source=source, config=config)
    if found := same.order_by(F("team").asc(nulls_last=True), "pk").first():
        return found
    names = set(DataSet.objects.filter(team=team).values_list("name", flat=True))
    uploaded = next((row for row in data_rows(config) if row.team_id == team.pk), None)
    name = _free_name(str(uploaded or source), names)
    values = {"source": source, "config": config, "uploaded": uploaded}
    data_set, _ = DataSet.objects.get_or_create(team=team, name=name, defaults=values)
    return data_set


def _space_of(team: Team, engine_space: str) -> Space:
    """The team's own space; the first one if it has several, a new one if it has none."""
    if space := Space.objects.filter(team=team, engine_space=engine_space).order_by("pk").first():
        return space
    names = set(Space.objects.filter(team=team).values_list("name", flat=True))
    space, _ = Space.objects.get_or_create(
        team=team,
        name=_free_name(engine_space, names),
        defaults={"engine_space": engine_space},
    )
    return space


def _same_version(team: Team, engine_space: str, config: dict[str, Any]) -> SpaceVersion | None:
    """The newest version of these settings; one of the team is preferred to a shared one."""
    same = SpaceVersion.objects.filter(
        _visible("space__team", team), space__engine_space=engine_space, config=config
    )
    return same.order_by(F("space__team").asc(nulls_last=True), "-number", "pk").first()


def _visible(path: str, team: Team) -> Q:
    """Rows of the team and rows that all teams share."""
    return Q(**{path: team}) | Q(**{f"{path}__isnull": True})


def _free_name(name: str, taken: set[str]) -> str:
    """The name, with a number if it is taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free

"""The team's data set that search settings name, pinned to its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nasengine.core.data_report import DataReport
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.core.text import shorten
from nasengine.data.common.registered import RegisteredData
from webapp.accounts.models import Team
from webapp.datasets.models import TeamData

from .materialise import PATHS, registered_in

MAX_NAMES_LISTED = 10


def with_data(team: Team | None, spec: SearchSpec) -> tuple[SearchSpec, dict[str, str]]:
    """Return the settings with the content of the team's data set that they name, and errors."""
    config, errors = pinned(team, spec.dataset, spec.dataset_config)
    return replace(spec, dataset_config=config), errors


def pinned(
    team: Team | None, dataset: str, config: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings of a data set in which `data:NAME` has its digest, and the errors.

    `data:NAME` is the newest version that is not archived; a digest names its version for ever.
    Data of other teams are treated as missing.

    Args:
        team: the team; None has no data.
        dataset: name of the data set in the engine.
        config: its settings.
    """
    changed, errors = dict(config), {}
    for name in PATHS:
        text = config.get(name)
        try:
            named = RegisteredData.of_path(text) if isinstance(text, str) else None
        except EngineError as error:
            errors[f"dataset_config.{name}"] = str(error)
            continue
        if named is None:
            continue
        row = team_data(team, named)
        if row is None:
            errors[f"dataset_config.{name}"] = _unknown(team, named)
        elif row.source != dataset and not (row.source == "images" and dataset == "image-folder"):
            errors["dataset"] = f"{named.label} is read by {row.source}: choose {row.source}"
        else:
            changed[name] = row.fixed.path
    return changed, errors


def data_rows(config: Mapping[str, Any]) -> list[TeamData]:
    """Return the uploaded data sets that pinned settings name."""
    digests = {named.digest: named.name for named in registered_in(config) if named.digest}
    rows = TeamData.objects.filter(digest__in=digests).order_by("pk")
    return [row for row in rows if digests[row.digest] == row.name]


def known_report(config: Mapping[str, Any]) -> DataReport | None:
    """Return the report of the uploaded data set that pinned settings name; None if they do not."""
    rows = data_rows({"path": config.get("path")})
    return rows[0].shown_report if rows else None


def team_data(team: Team | None, named: RegisteredData) -> TeamData | None:
    """Return the upload that a name means: its newest version, or that of its digest."""
    rows = TeamData.objects.filter(team=team, name=named.name).order_by("-version")
    if named.digest:
        return rows.filter(digest=named.digest).first()
    return rows.filter(archived_at=None).first()


def _unknown(team: Team | None, named: RegisteredData) -> str:
    rows = TeamData.objects.filter(team=team, archived_at=None).values_list("name", flat=True)
    names = ", ".join(rows.distinct().order_by("name")[:MAX_NAMES_LISTED]) or "none"
    return (
        f"{team} has no data set {shorten(named.label)}; it has: {names}. "
        "Choose one of them or upload it on the page Data"
    )

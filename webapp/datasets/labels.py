"""Labels of data sets on pages: name and version of an uploaded one, settings of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.settings import changed
from webapp.accounts.models import Team

from .models import TeamData
from .services.materialise import PATHS, registered_in

Named = tuple[str, Mapping[str, Any]]  # name of a data set in the engine, and its settings


@dataclass(frozen=True)
class DataLabel:
    """The name of a data set on pages.

    Attributes:
        text: name and version of an uploaded data set, else the engine's name; then the settings
            that were changed.
        title: what pointing at it shows.
        address: the page of an uploaded data set; "" for others.
    """

    text: str
    title: str = ""
    address: str = ""

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)


def data_label(team: Team | int | None, dataset: str, config: Mapping[str, Any]) -> DataLabel:
    """Return the label of a data set with its settings."""
    return data_labels(team, [(dataset, config)])[0]


def data_labels(team: Team | int | None, named: Iterable[Named]) -> list[DataLabel]:
    """Return the label of each data set; at most one query.

    Args:
        team: the team whose uploads are meant, or its key; None has none.
        named: name and settings of each.
    """
    named = list(named)
    digests = {dataset.digest for _, config in named for dataset in registered_in(config)} - {""}
    rows = TeamData.objects.filter(team=team, digest__in=digests) if team and digests else []
    by_content = {(row.name, row.digest): row for row in rows}
    return [_label(dataset, config, by_content) for dataset, config in named]


def data_name(dataset: str, config: Mapping[str, Any]) -> str:
    """Return the name of a data set without version and settings; reads no table."""
    uploaded = next(iter(registered_in(config)), None)
    return uploaded.name if uploaded else dataset


def changed_options(dataset: str, config: Mapping[str, Any]) -> str:
    """Return the settings of a data set that differ from their defaults, as "limit 200"."""
    try:
        values = changed(catalog.load("datasets", dataset).Config, config)
    except EngineError:
        values = dict(config)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())


def label_of_row(row: TeamData) -> DataLabel:
    """Return the label of an uploaded data set."""
    title = f"Uploaded data, read as {row.source}, SHA-256 {row.digest}"
    return DataLabel(str(row), title, reverse("data-detail", args=[row.pk]))


def _label(dataset: str, config: Mapping[str, Any], rows: Mapping[Any, TeamData]) -> DataLabel:
    uploaded = next(iter(registered_in(config)), None)
    if uploaded is None:
        return DataLabel(_with_options(dataset, changed_options(dataset, config)))
    row = rows.get((uploaded.name, uploaded.digest))
    own = row.config if row else {}
    rest = {
        name: value
        for name, value in config.items()
        if name not in PATHS and not (name in own and own[name] == value)
    }
    text = _with_options(str(row or uploaded.name), changed_options(dataset, rest))
    if row is None:
        return DataLabel(text, f"Uploaded data {uploaded.path}, not of this team any more")
    return replace(label_of_row(row), text=text)


def _with_options(name: str, options: str) -> str:
    return f"{name} ({options})" if options else name

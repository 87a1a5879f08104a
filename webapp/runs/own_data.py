"""The team's data sets as members of the list of data sets, and data that a preset keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.data.common.registered import RegisteredData
from webapp.accounts.models import Team
from webapp.datasets.labels import data_name
from webapp.datasets.models import TeamData
from webapp.datasets.queries import content_words, newest_data
from webapp.datasets.services.resolving import team_data

from .setting_forms import as_texts, text_of

PATH = "dataset_config.path"
GROUP = "Data of your team"
OTHERS = "Other data sets"
Raw = Mapping[str, Any]


def with_own_data(team: Team | None, raw: Raw) -> Raw:
    """Return the values of a form in which `data:NAME` as the data set is resolved.

    The data set is then the one of the engine that reads the upload, with its path and settings;
    what was typed stays if it belongs to the same upload.
    """
    chosen = _registered(text_of(raw, "dataset"))
    row = team_data(team, chosen) if chosen else None
    if chosen is None or row is None:
        return raw
    before = _registered(text_of(raw, PATH))
    if before is not None and before.name == chosen.name:
        return replaced(raw, {"dataset": row.source})
    return replaced(raw, {**row.form_values, PATH: chosen.path})


def selected_data(team: Team | None, raw: Raw, dataset: str) -> str:
    """Return the member of the list that the values of a form mean: an upload by its name."""
    named = _registered(text_of(raw, PATH))
    row = team_data(team, named) if named else None
    if named is None or row is None:
        return dataset
    newest = team_data(team, RegisteredData(named.name))
    return RegisteredData(named.name).path if row == newest else row.fixed.path


def data_choices(
    team: Team | None, others: list[str], selected: str = "", kind: str = ""
) -> list[Any]:
    """Return the choices of a list of data sets: the team's first, in a group of their own.

    Args:
        team: the team; None has no data.
        others: names of the engine's data sets.
        selected: what is chosen; an older version of an upload becomes a member.
        kind: only uploads of this kind, "images" or "text"; "" for all.
    """
    rows = [row for row in newest_data(team) if kind in ("", kind_of_data(row.source))]
    own = {RegisteredData(row.name).path: _words(row) for row in rows}
    older = _registered(selected)
    if older is not None and selected not in own and (row := team_data(team, older)):
        own[selected] = f"{_words(row)}, an older version"
    rest = [(name, name) for name in others]
    return [(GROUP, list(own.items())), (OTHERS, rest)] if own else rest


def with_kept_data(team: Team | None, raw: Raw, asked: Raw) -> tuple[Raw, bool]:
    """Return the values of a preset with the data set that the address names, and whether it fits.

    It does not fit a table, or a space whose networks read other data.
    """
    data = with_own_data(team, {name: asked[name] for name in asked if _is_data(name)})
    default = SearchSpec()
    space, estimator = (text_of(raw, n, getattr(default, n)) for n in ("space", "estimator"))
    try:
        builds = bool(catalog.load("estimators", estimator).builds_network)
        kind = str(catalog.load("spaces", space).data_kind)
    except EngineError:
        return raw, False
    if not builds or kind_of_data(text_of(data, "dataset")) != kind:
        return raw, False
    kept = {name: raw[name] for name in raw if not _is_data(name)}
    before, after = data_of(raw), data_of(data)
    title = text_of(raw, "name").removesuffix(f" on {before}")
    name = f"{title} on {after}" if title != text_of(raw, "name") else title
    return {**kept, **data, "name": name}, True


def data_of(raw: Raw) -> str:
    """Return the name of the data set that the values of a form mean."""
    return data_name(text_of(raw, "dataset", SearchSpec().dataset), {"path": text_of(raw, PATH)})


def data_words(team: Team | None, raw: Raw) -> str:
    """Return the data set of a form with what it holds, for a sentence."""
    raw = with_own_data(team, raw)
    named = _registered(text_of(raw, PATH))
    row = team_data(team, named) if named else None
    return f"{row} ({content_words(row)})" if row else data_of(raw)


def kept_values(asked: Raw) -> list[tuple[str, str]]:
    """Return the names and values of an address that describe the data set."""
    if "dataset" not in asked:
        return []
    return [(name, text_of(asked, name)) for name in asked if _is_data(name)]


def kind_of_data(dataset: str) -> str:
    """Return what a data set holds: "images" or "text"; "" if it cannot be loaded."""
    try:
        return str(catalog.load("datasets", dataset).kind)
    except EngineError:
        return ""


def replaced(raw: Raw, values: Raw) -> Raw:
    """Return names and values with these instead of those of the same names."""
    if not isinstance(raw, QueryDict):
        return {**raw, **values}
    more = raw.copy()
    for name, value in values.items():
        more.setlist(name, as_texts(value))
    return more


def _is_data(name: str) -> bool:
    return name == "dataset" or name.startswith("dataset_config.")


def _registered(text: str) -> RegisteredData | None:
    try:
        return RegisteredData.of_path(text)
    except EngineError:
        return None


def _words(row: TeamData) -> str:
    return f"{row}: {content_words(row)}"

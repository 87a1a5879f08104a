"""The content of a shared page or of a block of a report: one thing of a team."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from webapp.accounts.models import Team
from webapp.architectures.models import CatalogueEntry
from webapp.architectures.queries import card
from webapp.compare.groups import BY_METHOD
from webapp.compare.options import read_options
from webapp.compare.page import compare_context
from webapp.compare.selection import select_runs
from webapp.runs.drawings import text_of
from webapp.runs.models import Run, Study

from .models import Kind, SavedComparison

PLOTTED = (Kind.RUN, Kind.STUDY, Kind.COMPARISON)


def block_of(team: Team, kind: str, thing: Any) -> dict[str, Any]:
    """Return the context of templates/sharing/blocks/KIND.html, with data of the team only."""
    if kind == Kind.ARCHITECTURE:
        return {"kind": kind, **card(thing), "text": text_of(thing.architecture)}
    return {"kind": kind, "thing": thing, **compared(team, kind, thing)}


def compared(team: Team, kind: str, thing: Run | Study | SavedComparison) -> dict[str, Any]:
    """Return the comparison that shows a run, a study, or a saved comparison."""
    query = QueryDict(mutable=True)
    if isinstance(thing, Run):
        query["runs"] = str(thing.pk)
    elif isinstance(thing, Study):
        query["studies"], query["by"] = str(thing.pk), BY_METHOD
    else:
        query = QueryDict(thing.query, mutable=True)
    options = read_options(query)
    only = Team.objects.filter(pk=team.pk)
    return compare_context(select_runs(only, team, options).runs, options)


def named(team: Team, kind: str, key: str) -> Any:
    """Return the thing that a block of a report names; None if the team has no such thing.

    Comparisons are named by the key of their short link, others by number.
    """
    if kind == Kind.COMPARISON:
        return SavedComparison.objects.filter(team=team, key=key).first()
    if not (key.isascii() and key.isdigit() and len(key) < 18):
        return None
    models: dict[str, Any] = {
        Kind.RUN: Run, Kind.STUDY: Study, Kind.ARCHITECTURE: CatalogueEntry
    }  # fmt: skip
    found = models[kind].objects.filter(team=team, pk=int(key)).first() if kind in models else None
    return found

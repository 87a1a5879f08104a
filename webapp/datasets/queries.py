"""Reading a team's data sets; nothing here writes."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from nasengine.data.common.registered import RegisteredData
from webapp.accounts.models import Team
from webapp.uploads.models import ImportState

from .models import DataUpload, TeamData

MAX_SUGGESTED = 100


def data_of(team: Team, archived: bool = False) -> QuerySet[TeamData]:
    """Return the team's data sets by name, newest version first.

    Adds `replaced`, whether there is a newer version of the name.
    """
    newer = TeamData.objects.filter(
        team=OuterRef("team"), name=OuterRef("name"), version__gt=OuterRef("version")
    )
    rows = TeamData.objects.filter(team=team, archived_at__isnull=not archived)
    replaced = Exists(newer.filter(archived_at=None))
    return rows.select_related("created_by").annotate(replaced=replaced)


def newest_data(team: Team | None) -> list[TeamData]:
    """Return the newest version of each data set, for forms."""
    if team is None:
        return []
    rows = data_of(team).filter(replaced=False)  # type: ignore[misc]  # an annotation
    return list(rows[:MAX_SUGGESTED])


def data_by_name(team: Team | None, source: str) -> dict[str, str]:
    """Return a description of each data set that the engine's `source` reads, by its path."""
    return {
        RegisteredData(row.name).path: content_words(row)
        for row in newest_data(team)
        if row.source == source
    }


def content_words(row: TeamData) -> str:
    """Return what a data set holds, in a few words."""
    report = row.shown_report
    total = sum(report.parts.values())
    if report.kind == "text":
        return f"{total:,} words"
    return f"{total:,} pictures of {len(report.classes)} classes"


def uploads_of(team: Team) -> QuerySet[DataUpload]:
    """Return the team's uploads that are no data set yet, newest first."""
    rows = DataUpload.objects.filter(team=team).exclude(state=ImportState.DONE)
    return rows.select_related("created_by").order_by("-pk")

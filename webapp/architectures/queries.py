"""Reading the catalogue: a page of entries, and the history of one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import QueryDict

from webapp.accounts.models import Team
from webapp.runs.drawings import drawing

from .models import CatalogueEntry, Stage

SIZES = (12, 24, 48)
SORTS = {
    "newest": ("-kept_at", "-pk"),
    "oldest": ("kept_at", "pk"),
    "name": ("name", "pk"),
    "stage": ("stage", "-kept_at", "pk"),
}
MAX_SEARCH_LENGTH = 200


@dataclass(frozen=True)
class CataloguePage:
    """One page of a team's catalogue with its filters."""

    page: Page
    cards: list[dict[str, Any]]
    stage: str
    text: str
    sort: str
    size: int
    query: str
    narrowed: bool


def entries_of(team: Team) -> QuerySet[CatalogueEntry]:
    """Return the team's entries, newest first."""
    return CatalogueEntry.objects.filter(team=team).select_related("kept_by", "decided_by")


def catalogue_page(team: Team, asked: QueryDict) -> CataloguePage:
    """Return the page for a query string with stage, text, sort, size and page."""
    stage = asked.get("stage", "") if asked.get("stage") in Stage.values else ""
    text = asked.get("text", "").replace("\0", "").strip()[:MAX_SEARCH_LENGTH]
    sort = asked.get("sort", "newest") if asked.get("sort") in SORTS else "newest"
    size = next((s for s in SIZES if str(s) == asked.get("size")), SIZES[0])
    entries = entries_of(team).order_by(*SORTS[sort])
    if stage:
        entries = entries.filter(stage=stage)
    if text:
        entries = entries.filter(name__icontains=text)
    page = Paginator(entries, size).get_page(asked.get("page"))
    kept = asked.copy()
    kept.pop("page", None)
    return CataloguePage(
        page=page,
        cards=[card(entry) for entry in page.object_list],
        stage=stage,
        text=text,
        sort=sort,
        size=size,
        query=kept.urlencode(),
        narrowed=bool(stage or text),
    )


def card(entry: CatalogueEntry) -> dict[str, Any]:
    """Return an entry with its drawing and origin."""
    return {"entry": entry, "graph": drawing(entry.architecture), "source": entry.source}


def history_of(entry: CatalogueEntry) -> list[dict[str, Any]]:
    """Return the changes of an entry, newest first: who, when, what, why."""
    records = list(entry.history.select_related("history_user").order_by("history_date", "pk"))
    steps = []
    before = None
    for record in records:
        steps.append(
            {
                "at": record.history_date,
                "by": record.history_user,
                "what": _change(before, record),
                "why": record.reason if before is None or record.stage != before.stage else "",
            }
        )
        before = record
    return steps[::-1]


def _change(before: Any, record: Any) -> str:
    if before is None:
        return "kept"
    if record.stage != before.stage:
        return {Stage.APPROVED: "approved", Stage.REJECTED: "rejected"}.get(
            record.stage, "put back to proposed"
        )
    changed = [n for n in ("name", "note") if getattr(record, n) != getattr(before, n)]
    return f"changed {' and '.join(changed)}" if changed else "saved"

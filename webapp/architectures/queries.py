"""Reading the catalogue: a page of entries, entries by alias, and the history of one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import QueryDict

from webapp.accounts.models import Team
from webapp.runs.drawings import drawing

from .models import USABLE, Alias, CatalogueEntry, Stage

SIZES = (12, 24, 48)
SORTS = {
    "newest": ("-kept_at", "-pk"),
    "oldest": ("kept_at", "pk"),
    "name": ("name", "pk"),
    "stage": ("stage", "-kept_at", "pk"),
}
MAX_SEARCH_LENGTH = 200
MAX_OPTIONS = 200  # of a filter, or of entries to choose from
MAX_CHANGES = 200  # in the history of an entry


@dataclass(frozen=True)
class Filters:
    """Filters of the catalogue; every field is in the address."""

    stage: str = ""
    tag: str = ""
    alias: str = ""
    space: str = ""
    text: str = ""
    versions: str = ""

    @classmethod
    def from_query(cls, asked: QueryDict) -> Filters:
        """Return the filters of an address; values that no entry can have stay out."""
        texts = {
            name: asked.get(name, "").replace("\0", "").strip()[:MAX_SEARCH_LENGTH]
            for name in cls.__dataclass_fields__
        }
        if texts["stage"] not in Stage.values:
            texts["stage"] = ""
        if texts["versions"] != "latest":
            texts["versions"] = ""
        return cls(**texts)

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(getattr(self, name) for name in self.__dataclass_fields__)

    def apply(self, entries: QuerySet[CatalogueEntry]) -> QuerySet[CatalogueEntry]:
        """Return the entries that match."""
        if self.stage:
            entries = entries.filter(stage=self.stage)
        if self.tag:
            entries = entries.filter(tags__contains=[self.tag])
        if self.alias:
            entries = entries.filter(aliases__name=self.alias)
        if self.space:
            entries = entries.filter(architecture__space=self.space)
        if self.versions:
            entries = entries.exclude(Exists(_newer_versions()))
        for word in self.text.split():
            entries = entries.filter(
                Q(name__icontains=word)
                | Q(note__icontains=word)
                | Q(proposal__icontains=word)
                | Q(tags__contains=[word])
                | Q(source__run_name__icontains=word)
                | Q(canonical_id__startswith=word.lower())
            )
        return entries


@dataclass(frozen=True)
class CataloguePage:
    """One page of a team's catalogue with its filters."""

    page: Page
    cards: list[dict[str, Any]]
    filters: Filters
    sort: str
    size: int
    query: str


def entries_of(team: Team) -> QuerySet[CatalogueEntry]:
    """Return the team's entries with whether a newer version supersedes each, newest first."""
    entries = CatalogueEntry.objects.filter(team=team).select_related("kept_by", "decided_by")
    return with_superseded(entries)


def with_superseded(entries: QuerySet[CatalogueEntry]) -> QuerySet[CatalogueEntry]:
    """Add `superseded`: whether a newer version of the entry exists."""
    return entries.annotate(superseded=Exists(_newer_versions()))


def _newer_versions() -> QuerySet[CatalogueEntry]:
    """Return the newer versions of the entry of an outer query."""
    line = Coalesce(OuterRef("first_version_id"), OuterRef("pk"))
    return CatalogueEntry.objects.filter(first_version_id=line, version__gt=OuterRef("version"))


def catalogue_page(team: Team, asked: QueryDict) -> CataloguePage:
    """Return the page for a query string with filters, sort, size and page."""
    filters = Filters.from_query(asked)
    sort = asked.get("sort", "newest") if asked.get("sort") in SORTS else "newest"
    size = next((s for s in SIZES if str(s) == asked.get("size")), SIZES[0])
    entries = filters.apply(entries_of(team).defer("network", "check_report"))
    entries = entries.order_by(*SORTS[sort]).prefetch_related("aliases")
    page = Paginator(entries, size).get_page(asked.get("page"))
    kept = asked.copy()
    kept.pop("page", None)
    return CataloguePage(
        page=page,
        cards=[card(entry) for entry in page.object_list],
        filters=filters,
        sort=sort,
        size=size,
        query=kept.urlencode(),
    )


def filter_options(team: Team) -> dict[str, list[str]]:
    """Return the tags, aliases and spaces that the team's entries have."""
    entries = CatalogueEntry.objects.filter(team=team).order_by()
    tags = entries.annotate(tag=Func(F("tags"), function="unnest")).values_list("tag", flat=True)
    aliases = Alias.objects.filter(team=team).values_list("name", flat=True)
    spaces = entries.values_list("architecture__space", flat=True)
    return {
        "tags": sorted(tags.distinct()[:MAX_OPTIONS]),
        "aliases": list(aliases[:MAX_OPTIONS]),
        "spaces": sorted(filter(None, spaces.distinct()[:MAX_OPTIONS])),
    }


def entry_by_name(team: Team, text: str) -> CatalogueEntry | None:
    """Return the team's entry in use with this alias, or else with this key."""
    entries = CatalogueEntry.objects.filter(team=team)
    by_alias = entries.filter(aliases__name=text.strip().lower(), stage__in=USABLE).first()
    if by_alias is None and text.isascii() and text.isdigit() and len(text) < 10:
        return entries.filter(pk=int(text)).first()
    return by_alias


def others_of(entry: CatalogueEntry) -> QuerySet[CatalogueEntry]:
    """Return other entries of the team in the same space, by name, to choose from."""
    others = CatalogueEntry.objects.filter(
        team_id=entry.team_id, architecture__space=entry.architecture.get("space")
    )
    return others.exclude(pk=entry.pk).only("pk", "name", "version").order_by("name", "pk")


def card(entry: CatalogueEntry) -> dict[str, Any]:
    """Return an entry with its drawing and origin."""
    return {"entry": entry, "graph": drawing(entry.architecture), "source": entry.source}


def history_of(entry: CatalogueEntry) -> list[dict[str, Any]]:
    """Return the changes of an entry and of its aliases, newest first: who, when, what, why."""
    return sorted(
        [*_entry_changes(entry), *_alias_changes(entry)],
        key=lambda step: step["at"],
        reverse=True,
    )


def _entry_changes(entry: CatalogueEntry) -> list[dict[str, Any]]:
    records = entry.history.select_related("history_user").order_by("-history_date", "-pk")
    steps = []
    before = None
    for record in reversed(records[:MAX_CHANGES]):
        moved = before is None or record.stage != before.stage
        steps.append(
            {
                "at": record.history_date,
                "by": record.history_user,
                "what": _change(before, record),
                "why": (record.reason or record.proposal) if moved else "",
            }
        )
        before = record
    return steps


def _change(before: Any, record: Any) -> str:
    if before is None:
        return "kept" if record.history_type == "+" else "saved"
    if record.stage != before.stage:
        return "proposed again" if record.stage == Stage.PROPOSED else str(record.stage)
    if record.version != before.version:
        return f"made version {record.version}"
    changed = [n for n in ("name", "note", "tags") if getattr(record, n) != getattr(before, n)]
    return f"changed {' and '.join(changed)}" if changed else "saved"


def _alias_changes(entry: CatalogueEntry) -> list[dict[str, Any]]:
    """Return when an alias was pointed at the entry, moved away or removed."""
    records = Alias.history.filter(team_id=entry.team_id).select_related("history_user")
    steps: list[dict[str, Any]] = []
    at: dict[str, int | None] = {}
    for record in reversed(records.order_by("-history_date", "-pk")[:MAX_CHANGES]):
        was = at.get(record.name)
        now = None if record.history_type == "-" else record.entry_id
        at[record.name] = now
        what = ""
        if now == entry.pk != was:
            what = f"alias {record.name} points here"
        elif was == entry.pk != now:
            what = f"alias {record.name} " + ("removed" if now is None else "moved away")
        if what:
            steps.append(
                {"at": record.history_date, "by": record.history_user, "what": what, "why": ""}
            )
    return steps

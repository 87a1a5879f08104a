"""Changes of an entry from its page: moves, note and tags, aliases, versions, checks."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest

from ..entry_page import entry_page
from ..models import CatalogueEntry, Stage
from ..services import aliases, checks, editing, moves, versions
from ..services.texts import Refused

Done = str


@require_POST
def architecture_action(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Change an entry; if that is refused, show its page with the message at the form."""
    entry = team_object_or_404(request, CatalogueEntry, pk, action="keep")
    if action not in ACTIONS:
        raise Http404(f"no action {action}")
    try:
        done = ACTIONS[action](request, entry, request.POST)
    except Refused as error:
        entry.refresh_from_db()
        context = entry_page(entry, request.user, request.GET)
        context |= {"errors": {action: str(error)}, "typed": request.POST}
        return render(request, "architectures/detail.html", context)
    messages.success(request, done)
    return redirect("architecture-detail", entry.pk)


def _move(request: TeamRequest, entry: CatalogueEntry, asked: QueryDict) -> Done:
    stage = next((candidate for candidate in Stage if candidate == asked.get("stage")), None)
    if stage is None:
        raise Refused("choose what to do with the architecture")
    moves.move(entry, request.user, stage, asked.get("reason", ""))
    return f"{entry.name} is {stage.label.lower()}."


def _describe(request: TeamRequest, entry: CatalogueEntry, asked: QueryDict) -> Done:
    note, tags = asked.get("note", "").replace("\r\n", "\n"), asked.get("tags", "")
    editing.describe(entry, request.user, note, tags, version=asked.get("version", ""))
    return "Note and tags are saved."


def _alias(request: TeamRequest, entry: CatalogueEntry, asked: QueryDict) -> Done:
    alias = aliases.point(entry, asked.get("name", ""), request.user)
    return f"{alias.name} points at {entry.name}."


def _unalias(request: TeamRequest, entry: CatalogueEntry, asked: QueryDict) -> Done:
    aliases.remove(entry, asked.get("name", ""), request.user)
    return "The alias is removed."


def _version(request: TeamRequest, entry: CatalogueEntry, asked: QueryDict) -> Done:
    key = asked.get("older", "")
    known = key.isascii() and key.isdigit() and len(key) < 10
    older = CatalogueEntry.objects.filter(team=entry.team, pk=int(key) if known else 0).first()
    if older is None:
        raise Refused("choose the entry that this one supersedes")
    newer = versions.supersede(entry, older, request.user)
    return f"{newer.name} is version {newer.version} of {older.name}."


def _check(request: TeamRequest, entry: CatalogueEntry, asked: QueryDict) -> Done:
    if checks.request_check(entry, request.user) is None:
        raise Refused("a check of this architecture is under way already")
    return "A worker checks the architecture now."


ACTIONS: dict[str, Callable[[TeamRequest, CatalogueEntry, QueryDict], Done]] = {
    "move": _move,
    "describe": _describe,
    "alias": _alias,
    "unalias": _unalias,
    "version": _version,
    "check": _check,
}

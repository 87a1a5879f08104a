"""Search spaces of a team: the list, one with its versions, and a new version."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from nasengine.core.errors import InvalidSettings
from webapp.accounts.access import check_may_here
from webapp.accounts.permissions import may, teams_of
from webapp.accounts.requests import TeamRequest
from webapp.runs.models import Space
from webapp.runs.setting_forms import as_texts

from .forms import VersionForm
from .queries import best_runs, samples_of, spaces_of, versions_of
from .services import add_version


@require_GET
def space_list(request: TeamRequest) -> HttpResponse:
    """List the spaces that the team can search."""
    context = {
        "spaces": spaces_of(request.team),
        "may_launch": may(request.user, "launch", request.team),
    }
    return render(request, "spaces/list.html", context)


@require_GET
def space_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show a space: its versions, and samples and runs of the one that the address names."""
    space, team = _space(request, pk)
    rows = versions_of(space, team)
    asked = request.GET.get("version", "")
    shown = next((row for row in rows if str(row.version.number) == asked), None)
    chosen = shown or next(iter(rows), None)
    context = {
        "space": space,
        "rows": rows,
        "chosen": chosen,
        "samples": samples_of(space, chosen.version) if chosen else [],
        "runs": best_runs(chosen.version, team) if chosen else [],
        "may_launch": may(request.user, "launch", team),
    }
    return render(request, "spaces/detail.html", context)


@require_http_methods(["GET", "POST"])
def space_new(request: TeamRequest) -> HttpResponse:
    """Show the form of a new version; a POST stores it or shows every message at its field."""
    check_may_here(request, "launch", "Adding spaces")
    if request.method == "GET":
        return render(request, "spaces/new.html", {"form": VersionForm(_initial(request), False)})
    form = VersionForm(request.POST)
    config = form.config()
    if request.POST.get("step") == "settings" or config is None:
        shown = VersionForm(request.POST, bound=config is None)
        return render(request, "spaces/new.html", {"form": shown})
    typed = form.values
    try:
        version, is_new = add_version(
            request.team, request.user, typed["name"], typed["space"], config, note=typed["note"]
        )
    except InvalidSettings as error:
        form.place(error.errors)
        return render(request, "spaces/new.html", {"form": form})
    text = f"{version} is stored." if is_new else f"{version} has these settings already."
    messages.success(request, text)
    address = reverse("space-detail", args=[version.space_id])
    return redirect(f"{address}?version={version.number}")


def _space(request: TeamRequest, pk: int) -> tuple[Space, Any]:
    """Return a space and the team whose runs are shown: its own team, else the current one.

    Raises:
        Http404: there is no such space, or it belongs to a team of which the user is no member.
    """
    space = Space.objects.select_related("team").filter(pk=pk).first()
    team = space.team or request.team if space is not None else None
    if space is None or team is None or not teams_of(request.user).filter(pk=team.pk).exists():
        raise Http404(f"no space {pk}")
    return space, team


def _initial(request: TeamRequest) -> dict[str, Any]:
    """Return what the form starts with: the newest or named version of a space, or the address."""
    key = request.GET.get("of", "")
    if not (key.isascii() and key.isdigit() and len(key) < 18):
        return {name: request.GET[name] for name in request.GET}
    space, _ = _space(request, int(key))
    number = request.GET.get("version", "")
    versions = space.versions.order_by("-number")
    named = versions.filter(number=int(number)) if number.isdigit() and len(number) < 9 else None
    version = (named or versions).first()
    config = version.config if version else {}
    settings = {f"space_config.{name}": as_texts(value) for name, value in config.items()}
    return {"name": space.name, "space": space.engine_space, **settings}

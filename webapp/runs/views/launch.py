"""The launch form, the settings of one of its parts, and the expected cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.assembly import is_lookup
from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.limits import MAX_NAME

from ..cost import expected_cost
from ..forms import PARTS, LaunchForm, raw_of, suggested_name
from ..models import Run
from ..presets import PRESETS
from ..services.data_report import data_check
from ..services.launch import launch
from ..setting_forms import text_of

DEFAULTS = {"candidates": "50", "in_flight": "2"}


@require_http_methods(["GET", "POST"])
def run_new(request: TeamRequest) -> HttpResponse:
    """Show the launch form; a POST launches, or shows it with every message next to its field."""
    check_may_here(request, "launch", "Launching runs")
    if request.method == "GET":
        raw = _initial(request)
        form = LaunchForm(raw, request.team, bound=False)
        spec = LaunchForm(raw, request.team).typed_spec()
        return render(request, "runs/new.html", _context(request, form, spec))
    form = LaunchForm(request.POST, request.team)
    spec = form.check()
    if spec is not None:
        try:
            run = launch(
                request.team, request.user, spec, form.title, priority=form.chosen_priority
            )
        except InvalidSettings as error:
            form.place(error.errors)
        else:
            messages.success(request, f"{run.name} is launched.")
            return redirect("run-detail", run.pk)
    return render(request, "runs/new.html", _context(request, form, None))


@require_GET
def run_new_part(request: TeamRequest, kind: str) -> HttpResponse:
    """Show the settings of one part for the plugin that was just chosen in it."""
    check_may_here(request, "launch", "Launching runs")
    if kind not in PARTS:
        raise Http404(f"{kind[:40]} is no part of a search")
    raw = {kind: request.GET.get(kind, "")}
    part = LaunchForm(raw, request.team, bound=False).part(kind)
    return render(request, "runs/parts/settings.html", {"part": part})


@require_POST
def run_new_data(request: TeamRequest) -> HttpResponse:
    """Show what is known about the data that the form names now."""
    check_may_here(request, "launch", "Launching runs")
    spec = LaunchForm(request.POST, request.team).typed_data()
    check = None if spec is None else data_check(spec)
    return render(request, "runs/parts/data_check.html", {"check": check})


@require_POST
def run_new_cost(request: TeamRequest) -> HttpResponse:
    """Show the expected cost of the search that the form holds now."""
    check_may_here(request, "launch", "Launching runs")
    spec = LaunchForm(request.POST, request.team).typed_spec()
    return render(request, "runs/parts/cost.html", _cost(request, spec))


def _context(request: TeamRequest, form: LaunchForm, spec: SearchSpec | None) -> dict[str, Any]:
    form.suggest_name(follows="strategy")
    return {
        "form": form,
        "presets": PRESETS,
        "chosen_preset": request.GET.get("preset", ""),
        **_cost(request, spec),
    }


def _initial(request: TeamRequest) -> Mapping[str, Any]:
    """Return what the form starts with: a clone, a preset, or the address and defaults."""
    if "clone" in request.GET:
        run = team_object_or_404(request, Run, _run_number(request.GET["clone"]))
        again = raw_of(run.spec, f"{run.name} again"[:MAX_NAME])
        return {**again, "priority": str(run.priority)}
    if preset := PRESETS.get(request.GET.get("preset", "")):
        return raw_of({"in_flight": 2, **preset.spec}, preset.run_name)
    raw = request.GET.copy()
    for name, value in DEFAULTS.items():
        raw.setdefault(name, value)
    strategy, dataset = (text_of(raw, n, getattr(SearchSpec(), n)) for n in ("strategy", "dataset"))
    raw.setdefault("name", suggested_name(strategy, dataset))
    return raw


def _run_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404("clone takes the number of a run")
    return int(text)


def _cost(request: TeamRequest, spec: SearchSpec | None) -> dict[str, Any]:
    """Return what the search costs, as far as its settings can be read and it is known."""
    if spec is None:
        return {"unreadable": True}
    if is_lookup(spec):
        return {"looked_up": True}
    return {"cost": expected_cost(request.team, spec)}

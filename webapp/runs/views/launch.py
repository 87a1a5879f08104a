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
from webapp.datasets.services.resolving import with_data
from webapp.limits import MAX_NAME

from ..cost import expected_cost
from ..forms import PARTS, LaunchForm, raw_of, suggested_name
from ..models import Run, TeamPreset
from ..presets import PRESETS, changes_of
from ..services.data_report import data_check
from ..services.launch import launch
from ..setting_forms import text_of
from ..setting_text import (
    WrongText,
    faults_by_line,
    read_yaml,
    unknown_settings,
    yaml_of,
)

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
    if request.POST.get("source") == "yaml":
        return _from_text(request)
    form = LaunchForm(request.POST, request.team)
    return _launched(request, form) or shown(request, form)


@require_POST
def run_new_yaml(request: TeamRequest) -> HttpResponse:
    """Return what the form holds now as YAML."""
    check_may_here(request, "launch", "Launching runs")
    text = yaml_of(LaunchForm(request.POST, request.team, bound=False))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def shown(request: TeamRequest, form: LaunchForm, **more: Any) -> HttpResponse:
    """Show the launch form with what was typed."""
    return render(request, "runs/new.html", {**_context(request, form, None), **more})


def _from_text(request: TeamRequest) -> HttpResponse:
    """Launch the YAML text, or put it into the form; a fault keeps the text and names its line."""
    text = request.POST.get("yaml", "")
    try:
        read = read_yaml(text)
    except WrongText as error:
        form = LaunchForm(request.POST, request.team, bound=False)
        return shown(request, form, yaml=text, yaml_faults=[str(error)])
    form = LaunchForm(read.raw, request.team)
    faults = [str(one) for one in unknown_settings(form, read)]
    if faults:
        return shown(request, form, yaml=text, yaml_faults=faults)
    if request.POST.get("step") == "apply":
        form.check()
        return shown(request, form)
    launched = _launched(request, form)
    return launched or shown(request, form, yaml=text, yaml_faults=faults_by_line(form, read))


def _launched(request: TeamRequest, form: LaunchForm) -> HttpResponse | None:
    """Launch what the form holds; None, with every message next to its field, if it is wrong."""
    spec = form.check()
    if spec is None:
        return None
    try:
        run = launch(request.team, request.user, spec, form.title, priority=form.chosen_priority)
    except InvalidSettings as error:
        form.place(error.errors)
        return None
    messages.success(request, f"{run.name} is launched.")
    return redirect("run-detail", run.pk)


@require_GET
def run_new_part(request: TeamRequest, kind: str) -> HttpResponse:
    """Show the settings of one part for the plugin that was just chosen in it."""
    check_may_here(request, "launch", "Launching runs")
    if kind not in PARTS:
        raise Http404(f"{kind[:40]} is no part of a search")
    named = {n: request.GET[n] for n in request.GET if n.startswith(f"{kind}_config.")}
    raw = {kind: request.GET.get(kind, ""), **named}
    part = LaunchForm(raw, request.team, bound=False).part(kind)
    return render(request, "runs/parts/settings.html", {"part": part})


@require_POST
def run_new_choices(request: TeamRequest) -> HttpResponse:
    """Show which plugins fit the chosen ones, as options of the lists of the form."""
    check_may_here(request, "launch", "Launching runs")
    form = LaunchForm(request.POST, request.team, bound=False)
    kinds = [kind for kind in PARTS if kind != "space" and kind in request.POST]
    return render(request, "runs/parts/choices.html", {"form": form, "kinds": kinds})


@require_POST
def run_new_data(request: TeamRequest) -> HttpResponse:
    """Show what is known about the data that the form names now."""
    check_may_here(request, "launch", "Launching runs")
    spec = LaunchForm(request.POST, request.team).typed_data()
    if spec is not None:
        spec, errors = with_data(request.team, spec)
    check = None if spec is None or errors else data_check(spec)
    return render(request, "runs/parts/data_check.html", {"check": check})


@require_POST
def run_new_cost(request: TeamRequest) -> HttpResponse:
    """Show the expected cost of the search that the form holds now."""
    check_may_here(request, "launch", "Launching runs")
    spec = LaunchForm(request.POST, request.team).typed_spec()
    return render(request, "runs/parts/cost.html", _cost(request, spec))


def _context(request: TeamRequest, form: LaunchForm, spec: SearchSpec | None) -> dict[str, Any]:
    form.suggest_name(follows="strategy")
    chosen = request.GET.get("preset", "")
    preset = PRESETS.get(chosen)
    team_presets = list(TeamPreset.objects.filter(team=request.team).select_related("created_by"))
    own = [one for one in team_presets if str(one.pk) == request.GET.get("own")]
    return {
        "form": form,
        "presets": PRESETS,
        "chosen_preset": chosen,
        "preset": preset,
        "changes": changes_of(preset) if preset else [],
        "team_presets": team_presets,
        "own_preset": own[0] if own else None,
        "query": request.GET.urlencode(),
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
    if "own" in request.GET:
        own = team_object_or_404(request, TeamPreset, _run_number(request.GET["own"]))
        return read_yaml(own.text).raw
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

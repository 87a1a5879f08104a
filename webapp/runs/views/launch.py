"""The launch form, the settings of one of its parts, its presets, and the expected cost."""

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
from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.datasets.services.resolving import with_data
from webapp.limits import MAX_NAME

from ..cost import expected_cost
from ..forms import PARTS, LaunchForm, raw_of, suggested_name
from ..models import Run, TeamPreset
from ..own_data import data_of, with_own_data
from ..presets import PRESETS, Preset
from ..services.data_report import data_check
from ..services.launch import launch
from ..setting_forms import text_of
from ..setting_text import OF_RUN, yaml_of
from .launch_page import DEFAULTS, LaunchPage, number_in


class RunPage(LaunchPage[LaunchForm]):
    """The launch form of a run."""

    kind = TeamPreset.Kind.RUN
    action = "Launching runs"
    template = "runs/new.html"
    follows = "strategy"
    names = OF_RUN
    presets = PRESETS

    def form(self, raw: Mapping[str, Any], request: TeamRequest, bound: bool = True) -> LaunchForm:
        return LaunchForm(raw, request.team, bound)

    def first_values(self, request: TeamRequest) -> Mapping[str, Any]:
        """Return the settings of a run to clone, or those of the address and defaults."""
        if "clone" in request.GET:
            run = team_object_or_404(request, Run, number_in(request.GET["clone"]))
            again = raw_of(run.spec, f"{run.name} again"[:MAX_NAME])
            return {**again, "priority": str(run.priority)}
        raw = request.GET.copy()
        for name, value in DEFAULTS.items():
            raw.setdefault(name, value)
        strategy = text_of(raw, "strategy", SearchSpec().strategy)
        named = data_of(with_own_data(request.team, raw))
        raw.setdefault("name", suggested_name(strategy, named))
        return raw

    def of_preset(self, preset: Preset) -> Mapping[str, Any]:
        return raw_of({"in_flight": 2, **preset.spec}, preset.run_name)

    def text(self, form: LaunchForm) -> str:
        return yaml_of(form)

    def check(self, form: LaunchForm) -> bool:
        return form.check() is not None

    def launched(self, request: TeamRequest, form: LaunchForm) -> HttpResponse | None:
        spec = form.check()
        if spec is None:
            return None
        try:
            run = launch(
                request.team, request.user, spec, form.title, priority=form.chosen_priority
            )
        except InvalidSettings as error:
            form.place(error.errors)
            return None
        messages.success(request, f"{run.name} is launched.")
        return redirect("run-detail", run.pk)

    def cost(self, request: TeamRequest, form: LaunchForm) -> dict[str, Any]:
        """Return what the search costs, as far as its settings can be read and it is known."""
        spec = form.typed_spec()
        if spec is None:
            return {"unreadable": True}
        if is_lookup(spec):
            return {"looked_up": True}
        return {"cost": expected_cost(request.team, spec)}


RUN_PAGE = RunPage()


@require_http_methods(["GET", "POST"])
def run_new(request: TeamRequest) -> HttpResponse:
    """Show the launch form; a POST launches, or shows it with every message next to its field."""
    return RUN_PAGE.answer(request)


@require_POST
def run_new_yaml(request: TeamRequest) -> HttpResponse:
    """Return what the form holds now as YAML."""
    return RUN_PAGE.as_text(request)


@require_POST
def run_preset_save(request: TeamRequest) -> HttpResponse:
    """Save what the form holds as a preset of the team."""
    return RUN_PAGE.save_preset(request)


@require_POST
def run_preset_change(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Rename or delete a preset of the team."""
    return RUN_PAGE.change_preset(request, pk, action)


@require_GET
def run_new_part(request: TeamRequest, kind: str) -> HttpResponse:
    """Show the settings of one part for the plugin that was just chosen in it."""
    RUN_PAGE.check_may(request)
    if kind not in PARTS:
        raise Http404(f"{kind[:40]} is no part of a search")
    named = {n: request.GET[n] for n in request.GET if n.startswith(f"{kind}_config.")}
    raw = {kind: request.GET.get(kind, ""), **named}
    part = LaunchForm(raw, request.team, bound=False).part(kind)
    return render(request, "runs/parts/settings.html", {"part": part})


@require_POST
def run_new_choices(request: TeamRequest) -> HttpResponse:
    """Show which plugins fit the chosen ones, as options of the lists of the form."""
    RUN_PAGE.check_may(request)
    form = LaunchForm(request.POST, request.team, bound=False)
    kinds = [kind for kind in PARTS if kind != "space" and kind in request.POST]
    return render(request, "runs/parts/choices.html", {"form": form, "kinds": kinds})


@require_POST
def run_new_data(request: TeamRequest) -> HttpResponse:
    """Show what is known about the data that the form names now."""
    RUN_PAGE.check_may(request)
    spec = LaunchForm(request.POST, request.team).typed_data()
    if spec is not None:
        spec, errors = with_data(request.team, spec)
    check = None if spec is None or errors else data_check(spec)
    return render(request, "runs/parts/data_check.html", {"check": check})


@require_POST
def run_new_cost(request: TeamRequest) -> HttpResponse:
    """Show the expected cost of the search that the form holds now."""
    RUN_PAGE.check_may(request)
    form = LaunchForm(request.POST, request.team)
    return render(request, "runs/parts/cost.html", RUN_PAGE.cost(request, form))

"""The launch form's pages: the form, one part of it, and the expected cost."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from webapp.accounts.access import check_may_here, team_object_or_404

from ..cost import expected_cost, is_looked_up
from ..forms import PARTS, LaunchForm
from ..models import Run
from ..presets import PRESETS
from ..services.launch import MAX_NAME, launch

BEGINNING = {"name": "dpp-net on digits", "candidates": "50", "in_flight": "2"}


@require_http_methods(["GET", "POST"])
def run_new(request: HttpRequest) -> HttpResponse:
    """The launch form; a POST launches, or comes back with every message beside its field."""
    check_may_here(request, "launch", "Launching runs")
    if request.method == "GET":
        return render(request, "runs/new.html", _context(request, _first_form(request)))
    form = LaunchForm(request.POST, request.team)
    spec = form.check()
    if spec is not None:
        try:
            run = launch(request.team, request.user, spec, form.name)
        except InvalidSettings as error:
            form.place(error.errors)
        else:
            messages.success(request, f"{run.name} is launched.")
            return redirect("run-detail", run.pk)
    return render(request, "runs/new.html", _context(request, form))


def _context(request: HttpRequest, form: LaunchForm) -> dict[str, Any]:
    spec = form.typed_question() if not form.errors else None
    return {
        "form": form,
        "presets": PRESETS,
        **_cost(request, spec),
        "max_name": MAX_NAME,
        "suggested_name": BEGINNING["name"],
    }


def _first_form(request: HttpRequest) -> LaunchForm:
    """Defaults, a preset, a clone, or what the address holds."""
    if "clone" in request.GET:
        return _clone(request, request.GET["clone"])
    if preset := PRESETS.get(request.GET.get("preset", "")):
        strategy = preset.spec.get("strategy", "regularised-evolution")
        spec = {"in_flight": 2, **preset.spec}
        name = f"{preset.title}: {strategy} on {preset.spec.get('dataset', 'digits')}"
        return LaunchForm.from_spec(spec, name, request.team)
    raw = request.GET.copy()
    for name, value in BEGINNING.items():
        raw.setdefault(name, value)
    return LaunchForm(raw, request.team)


def _clone(request: HttpRequest, text: str) -> LaunchForm:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404("clone takes the number of a run")
    run = team_object_or_404(request, Run, int(text))
    name = f"{run.name} again"[:MAX_NAME]
    return LaunchForm.from_spec(run.spec, name, request.team)


@require_GET
def run_new_part(request: HttpRequest, kind: str) -> HttpResponse:
    """The settings of one part, for the plugin that was just chosen in it."""
    check_may_here(request, "launch", "Launching runs")
    if kind not in [name for name, *_ in PARTS]:
        raise Http404(f"{kind[:40]} is no part of a question")
    chosen = QueryDict(mutable=True)
    chosen[kind] = request.GET.get(kind, "")
    part = LaunchForm(chosen, request.team).part(kind)
    return render(request, "runs/parts/settings.html", {"part": part})


@require_POST
def run_new_cost(request: HttpRequest) -> HttpResponse:
    """The expected cost of what the form holds now."""
    check_may_here(request, "launch", "Launching runs")
    spec = LaunchForm(request.POST).typed_question()
    context = {**_cost(request, spec), "unreadable": spec is None}
    return render(request, "runs/parts/cost.html", context)


def _cost(request: HttpRequest, spec: SearchSpec | None) -> dict[str, Any]:
    """What a question takes, as far as it can be read and is known."""
    if spec is None:
        return {"cost": None}
    if is_looked_up(spec):
        return {"cost": None, "looked_up": True}
    return {"cost": expected_cost(request.team, spec)}

"""The study form's pages: the form, its methods for another space, and what it costs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.runs.cost import expected_cost, is_looked_up
from webapp.runs.models import Run, Study
from webapp.runs.services.launch import MAX_NAME

from ..forms import StudyForm
from ..plan import CHANCE, Method, Plan
from ..services.launching import launch_study

BEGINNING = {"name": "Methods on digits", "candidates": "50", "in_flight": "2"}
SEEDS_OF_A_RUN = 5


@require_http_methods(["GET", "POST"])
def study_new(request: HttpRequest) -> HttpResponse:
    """The study form; a POST launches, or comes back with every message beside its field."""
    check_may_here(request, "launch", "Launching studies")
    if request.method == "GET":
        return render(request, "studies/new.html", _context(request, _first_form(request)))
    form = StudyForm(request.POST, request.team)
    plan = form.plan()
    if plan is not None:
        try:
            study = launch_study(request.team, request.user, form.name, plan, form.words)
        except InvalidSettings as error:
            form.place(error.errors)
        else:
            messages.success(request, f"{study.name} is launched: {plan.runs} runs.")
            return redirect("study-detail", study.pk)
    return render(request, "studies/new.html", _context(request, form))


@require_POST
def study_new_methods(request: HttpRequest) -> HttpResponse:
    """The methods as they fit the space that the form holds now; what was typed stays."""
    check_may_here(request, "launch", "Launching studies")
    form = StudyForm(request.POST, request.team)
    return render(request, "studies/parts/methods.html", {"form": form})


@require_POST
def study_new_cost(request: HttpRequest) -> HttpResponse:
    """The expected cost of what the form holds now."""
    check_may_here(request, "launch", "Launching studies")
    form = StudyForm(request.POST, request.team)
    return render(request, "studies/parts/cost.html", _cost(request, form.typed_plan()))


def _context(request: HttpRequest, form: StudyForm) -> dict[str, Any]:
    plan = form.typed_plan() if not form.errors else None
    return {"form": form, "max_name": MAX_NAME, **_cost(request, plan)}


def _cost(request: HttpRequest, plan: Plan | None) -> dict[str, Any]:
    """What a plan takes, as far as it can be read and is known: one worker's time."""
    if plan is None:
        return {"unreadable": True}
    candidates = plan.runs * plan.spec.candidates
    context = {"runs": plan.runs, "candidates": candidates, "cost": None}
    if is_looked_up(plan.spec):
        return {**context, "looked_up": True}
    one = expected_cost(request.team, plan.spec)
    if one is None:
        return context
    cost = {
        "seen": one.seen,
        "each_seconds": one.each_seconds,
        "total_seconds": one.each_seconds * candidates,
    }
    return {**context, "cost": cost}


def _first_form(request: HttpRequest) -> StudyForm:
    """Defaults, a run or study to repeat, or what the address holds."""
    if "run" in request.GET:
        run = team_object_or_404(request, Run, _number(request.GET["run"]))
        return _of_run(run, request.team)
    if "again" in request.GET:
        study = team_object_or_404(request, Study, _number(request.GET["again"]))
        if not study.plan:
            raise Http404("this study was not launched as one, so it cannot be repeated")
        name = f"{study.name} again"[:MAX_NAME]
        return StudyForm.from_plan(Plan.from_json(study.plan), name, study.question, request.team)
    raw = request.GET.copy()
    for name, value in BEGINNING.items():
        raw.setdefault(name, value)
    return StudyForm(raw, request.team)


def _of_run(run: Run, team: Any) -> StudyForm:
    """The run's question at more seeds, with random search beside its method."""
    spec = SearchSpec.from_json(run.spec)
    methods = [Method(spec.strategy, spec.strategy_config)]
    if spec.strategy != CHANCE:
        methods.insert(0, Method(CHANCE))
    seeds = tuple(range(spec.seed, spec.seed + SEEDS_OF_A_RUN))
    name = f"{run.name}, repeated"[:MAX_NAME]
    return StudyForm.from_plan(Plan(spec, tuple(methods), seeds), name, "", team)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404(f"{text[:20]!r} is no number of a run or study")
    return int(text)

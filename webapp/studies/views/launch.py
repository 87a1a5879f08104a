"""The study form, its methods for another space, and the expected cost."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.assembly import is_lookup
from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.models import Team
from webapp.accounts.requests import TeamRequest
from webapp.limits import MAX_NAME
from webapp.runs.cost import expected_cost
from webapp.runs.forms import suggested_name
from webapp.runs.leased import Priority
from webapp.runs.models import Run, Study
from webapp.runs.setting_forms import text_of

from ..forms import StudyForm
from ..plan import RANDOM_SEARCH, Method, Plan
from ..services.launching import launch_study
from ..services.quick import launch_quick_study

DEFAULTS = {"candidates": "50", "in_flight": "2"}
SUBJECT = "Methods"
SEEDS_OF_A_RUN = 5


@require_http_methods(["GET", "POST"])
def study_new(request: TeamRequest) -> HttpResponse:
    """Show the study form; a POST launches, or shows it with every message next to its field."""
    check_may_here(request, "launch", "Launching studies")
    if request.method == "GET":
        form = _first_form(request)
        form.suggest_name(follows=SUBJECT)
        plan = StudyForm(form.raw, request.team).typed_plan()
        return render(request, "studies/new.html", {"form": form, **_cost(request, plan)})
    form = StudyForm(request.POST, request.team)
    form.suggest_name(follows=SUBJECT)
    plan = form.plan()
    if plan is not None:
        question = form.cleaned_data["question"]
        try:
            study = launch_study(
                request.team,
                request.user,
                form.title,
                plan,
                question,
                priority=form.chosen_priority,
            )
        except InvalidSettings as error:
            form.place(error.errors)
        else:
            messages.success(request, f"{study.name} is launched: {plan.run_count} runs.")
            return redirect("study-detail", study.pk)
    return render(request, "studies/new.html", {"form": form, **_cost(request, None)})


@require_POST
def study_quick(request: TeamRequest) -> HttpResponse:
    """Launch five methods on the packaged table, then show the study with its progress."""
    check_may_here(request, "launch", "Launching studies")
    try:
        study = launch_quick_study(request.team, request.user)
    except InvalidSettings as error:
        messages.error(request, f"Not launched: {error}")
        return redirect("study-list")
    return redirect("study-detail", study.pk)


@require_POST
def study_new_methods(request: TeamRequest) -> HttpResponse:
    """Show which methods can search the chosen space; what was typed stays."""
    check_may_here(request, "launch", "Launching studies")
    form = StudyForm(request.POST, request.team, bound=False)
    return render(request, "studies/parts/methods.html", {"form": form})


@require_POST
def study_new_cost(request: TeamRequest) -> HttpResponse:
    """Show the expected cost of the study that the form holds now."""
    check_may_here(request, "launch", "Launching studies")
    form = StudyForm(request.POST, request.team)
    return render(request, "studies/parts/cost.html", _cost(request, form.typed_plan()))


def _cost(request: TeamRequest, plan: Plan | None) -> dict[str, Any]:
    """Return what the study costs in time of one worker, as far as it is known."""
    if plan is None:
        return {"unreadable": True}
    candidates = plan.run_count * plan.spec.candidates
    context = {"runs": plan.run_count, "candidates": candidates, "cost": None}
    if is_lookup(plan.spec):
        return {**context, "looked_up": True}
    cost = expected_cost(request.team, plan.spec)
    if cost is None:
        return context
    return {**context, "cost": cost, "total_seconds": cost.each_seconds * candidates}


def _first_form(request: TeamRequest) -> StudyForm:
    """Return the form of a run or study to repeat, or of the address and defaults."""
    if "run" in request.GET:
        run = team_object_or_404(request, Run, _number(request.GET["run"]))
        return _from_run(run, request.team)
    if "again" in request.GET:
        study = team_object_or_404(request, Study, _number(request.GET["again"]))
        if not study.plan:
            raise Http404("this study has no plan, so it cannot be repeated")
        name = f"{study.name} again"[:MAX_NAME]
        plan, first = Plan.from_json(study.plan), study.runs.order_by("pk").first()
        priority = first.priority if first else Priority.NORMAL
        return StudyForm.from_plan(plan, name, study.question, request.team, priority)
    raw = request.GET.copy()
    for name, value in DEFAULTS.items():
        raw.setdefault(name, value)
    raw.setdefault("name", suggested_name(SUBJECT, text_of(raw, "dataset", SearchSpec().dataset)))
    return StudyForm(raw, request.team, bound=False)


def _from_run(run: Run, team: Team) -> StudyForm:
    """Return the run's search at more seeds, with random search as the baseline."""
    spec = SearchSpec.from_json(run.spec)
    methods = [Method(spec.strategy, spec.strategy_config)]
    if spec.strategy != RANDOM_SEARCH:
        methods.insert(0, Method(RANDOM_SEARCH))
    seeds = tuple(range(spec.seed, spec.seed + SEEDS_OF_A_RUN))
    name = f"{run.name}, repeated"[:MAX_NAME]
    if run.name == suggested_name(spec.strategy, spec.dataset):  # it would name one of the methods
        name = suggested_name(SUBJECT, spec.dataset)
    return StudyForm.from_plan(Plan(spec, tuple(methods), seeds), name, "", team, run.priority)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404(f"{text[:20]!r} is no number of a run or study")
    return int(text)

"""The study form, its presets, its methods for another space, and the expected cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.assembly import is_lookup
from webapp.accounts.access import team_object_or_404
from webapp.accounts.models import Team
from webapp.accounts.requests import TeamRequest
from webapp.limits import MAX_NAME
from webapp.runs.cost import expected_cost
from webapp.runs.forms import suggested_name
from webapp.runs.leased import Priority
from webapp.runs.models import Run, Study, TeamPreset
from webapp.runs.own_data import data_of, with_own_data
from webapp.runs.presets import Preset
from webapp.runs.views.launch_page import DEFAULTS, LaunchPage, number_in

from ..forms import StudyForm
from ..plan import RANDOM_SEARCH, Method, Plan
from ..presets import PRESETS, raw_of_preset
from ..services.launching import launch_study
from ..services.quick import launch_quick_study
from ..setting_text import OF_STUDY, study_yaml

SUBJECT = "Methods"
SEEDS_OF_A_RUN = 5


class StudyPage(LaunchPage[StudyForm]):
    """The form of a study."""

    kind = TeamPreset.Kind.STUDY
    action = "Launching studies"
    template = "studies/new.html"
    follows = SUBJECT
    names = OF_STUDY
    presets = PRESETS

    def form(self, raw: Mapping[str, Any], request: TeamRequest, bound: bool = True) -> StudyForm:
        return StudyForm(raw, request.team, bound)

    def first_values(self, request: TeamRequest) -> Mapping[str, Any]:
        """Return the settings of a run or study to repeat, or those of the address and defaults."""
        if "run" in request.GET:
            run = team_object_or_404(request, Run, number_in(request.GET["run"]))
            return _from_run(run, request.team).raw
        if "again" in request.GET:
            study = team_object_or_404(request, Study, number_in(request.GET["again"]))
            if not study.plan:
                raise Http404("this study has no plan, so it cannot be repeated")
            name = f"{study.name} again"[:MAX_NAME]
            plan, first = Plan.from_json(study.plan), study.runs.order_by("pk").first()
            priority = first.priority if first else Priority.NORMAL
            return StudyForm.from_plan(plan, name, study.question, request.team, priority).raw
        raw = request.GET.copy()
        for name, value in DEFAULTS.items():
            raw.setdefault(name, value)
        named = data_of(with_own_data(request.team, raw))
        raw.setdefault("name", suggested_name(SUBJECT, named))
        return raw

    def of_preset(self, preset: Preset) -> Mapping[str, Any]:
        return raw_of_preset(preset)

    def text(self, form: StudyForm) -> str:
        return study_yaml(form)

    def check(self, form: StudyForm) -> bool:
        return form.plan() is not None

    def launched(self, request: TeamRequest, form: StudyForm) -> HttpResponse | None:
        plan = form.plan()
        if plan is None:
            return None
        team, user, question = request.team, request.user, form.cleaned_data["question"]
        priority = form.chosen_priority
        try:
            study = launch_study(team, user, form.title, plan, question, priority=priority)
        except InvalidSettings as error:
            form.place(error.errors)
            return None
        messages.success(request, f"{study.name} is launched: {plan.run_count} runs.")
        return redirect("study-detail", study.pk)

    def cost(self, request: TeamRequest, form: StudyForm) -> dict[str, Any]:
        """Return what the study costs in time of one worker, as far as it is known."""
        plan = form.typed_plan()
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


STUDY_PAGE = StudyPage()


@require_http_methods(["GET", "POST"])
def study_new(request: TeamRequest) -> HttpResponse:
    """Show the study form; a POST launches, or shows it with every message next to its field."""
    return STUDY_PAGE.answer(request)


@require_POST
def study_new_yaml(request: TeamRequest) -> HttpResponse:
    """Return what the study form holds now as YAML."""
    return STUDY_PAGE.as_text(request)


@require_POST
def study_preset_save(request: TeamRequest) -> HttpResponse:
    """Save what the study form holds as a preset of the team."""
    return STUDY_PAGE.save_preset(request)


@require_POST
def study_preset_change(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Rename or delete a preset of the team."""
    return STUDY_PAGE.change_preset(request, pk, action)


@require_POST
def study_quick(request: TeamRequest) -> HttpResponse:
    """Launch five methods on the packaged table, then show the study with its progress."""
    STUDY_PAGE.check_may(request)
    try:
        study = launch_quick_study(request.team, request.user)
    except InvalidSettings as error:
        messages.error(request, f"Not launched: {error}")
        return redirect("study-list")
    return redirect("study-detail", study.pk)


@require_POST
def study_new_methods(request: TeamRequest) -> HttpResponse:
    """Show which methods can search the chosen space; what was typed stays."""
    STUDY_PAGE.check_may(request)
    form = StudyForm(request.POST, request.team, bound=False)
    return render(request, "studies/parts/methods.html", {"form": form})


@require_POST
def study_new_cost(request: TeamRequest) -> HttpResponse:
    """Show the expected cost of the study that the form holds now."""
    STUDY_PAGE.check_may(request)
    form = StudyForm(request.POST, request.team)
    return render(request, "studies/parts/cost.html", STUDY_PAGE.cost(request, form))


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

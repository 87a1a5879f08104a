"""The form that launches an evaluation, its settings, and the expected cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nasengine import catalog
from nasengine.core.errors import InvalidSettings
from nasengine.data.common.registered import RegisteredData
from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.runs.drawings import drawing, text_of
from webapp.runs.models import Run
from webapp.runs.own_data import PATH
from webapp.runs.views.candidate import candidate_or_404

from ..cost import expected_cost
from ..data_change import data_change
from ..forms import EvaluationForm, filled, raw_of
from ..models import Evaluation
from ..services.launch import checked_plan, launch_evaluation, with_data
from ..subjects import (
    Subject,
    SubjectRefused,
    candidate_subject,
    entry_subject,
    network_subject,
)

ACTIVITY = "Launching evaluations"


@require_http_methods(["GET", "POST"])
def evaluation_new(request: TeamRequest) -> HttpResponse:
    """Show the form; a POST launches, or shows it with every message next to its field."""
    check_may_here(request, "launch", ACTIVITY)
    if not any(name in request.GET for name in ("candidate", "network", "entry")):
        networks = catalog.names("networks")
        return render(request, "evaluations/new.html", {"networks": networks, "chosen": None})
    subject = _subject(request, request.GET)
    bound = request.method == "POST"
    raw = request.POST if bound else _first(request)
    form = EvaluationForm(request.team, subject, raw, bound)
    spec = form.spec() if bound else None
    if spec is not None:
        try:
            evaluation = launch_evaluation(request.team, request.user, subject, spec)
        except InvalidSettings as error:
            form.place(error.errors)
        else:
            messages.success(request, f"The evaluation of {evaluation.title} is launched.")
            return redirect("evaluation-detail", evaluation.pk)
    context = {
        "form": form,
        "chosen": subject,
        "graph": drawing(subject.architecture.to_json()),
        "text": text_of(subject.architecture.to_json()),
        **_preview(request, subject, raw),
    }
    return render(request, "evaluations/new.html", context)


def _first(request: TeamRequest) -> Mapping[str, Any]:
    """Return what the form starts with: an evaluation to repeat, or the address."""
    if "again" not in request.GET:
        return request.GET
    pk = _number(request.GET["again"])
    return raw_of(team_object_or_404(request, Evaluation, pk, action="launch"))


@require_GET
def evaluation_new_settings(request: TeamRequest) -> HttpResponse:
    """Show the settings of the protocol and the data set that were just chosen."""
    check_may_here(request, "launch", ACTIVITY)
    form = EvaluationForm(
        request.team, _subject(request, request.GET), _other_data(request.GET), bound=False
    )
    return render(request, "evaluations/parts/settings.html", {"form": form})


def _other_data(asked: QueryDict) -> QueryDict:
    """Return what the form holds, without the path of the upload that was chosen before."""
    chosen, prefix = asked.get("dataset", ""), RegisteredData.prefix
    if chosen.startswith(prefix) or not asked.get(PATH, "").startswith(prefix):
        return asked
    changed = asked.copy()
    del changed[PATH]
    return changed


@require_POST
def evaluation_new_cost(request: TeamRequest) -> HttpResponse:
    """Show what the evaluation that the form describes is expected to cost."""
    check_may_here(request, "launch", ACTIVITY)
    subject = _subject(request, request.GET)
    context = _preview(request, subject, request.POST)
    return render(request, "evaluations/parts/cost.html", context)


def _preview(request: TeamRequest, subject: Subject, raw: Mapping[str, Any]) -> dict[str, str]:
    """Return the expected cost and a warning about other data; nothing for wrong settings."""
    shown = EvaluationForm(request.team, subject, raw, bound=False)
    # Without a data set the form has that of the search with its settings.
    values = {name: value for name, value in shown.initial.items() if name != "dataset"}
    spec = EvaluationForm(request.team, subject, filled(raw, values)).spec()
    if spec is None:
        return {}
    try:
        spec = with_data(request.team, subject, spec)
        plan = checked_plan(subject, spec)
    except InvalidSettings:
        return {}
    return {
        "cost": expected_cost(request.team, subject, plan, len(spec.seeds)).text,
        "data_change": data_change(
            request.team, subject.searched_on, spec.dataset, spec.dataset_config
        ),
    }


def _subject(request: TeamRequest, asked: QueryDict) -> Subject:
    """Return what the address names.

    Raises:
        Http404: the team has no such candidate or entry, or there is no such network.
    """
    try:
        if "network" in asked:
            return network_subject(asked.get("network", ""))
        if "entry" in asked:
            return entry_subject(request.team, _number(asked.get("entry", "")))
        run = team_object_or_404(request, Run, _number(asked.get("run", "")), action="launch")
        if run.team != request.team:
            raise Http404("the run is one of another team")
        return candidate_subject(candidate_or_404(run, _number(asked.get("candidate", ""))))
    except SubjectRefused as error:
        raise Http404(str(error)) from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Http404("the address names no candidate or entry")
    return int(text)

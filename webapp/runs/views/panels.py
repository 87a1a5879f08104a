"""Data of the panels of a run's page that are fetched when they are opened."""

from __future__ import annotations

import math

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.runs.choices import choices_of
from webapp.runs.estimates import estimates_context
from webapp.runs.loads import loads_of
from webapp.runs.log_lines import log_lines
from webapp.runs.models import Run
from webapp.runs.objectives import goals_of_run
from webapp.runs.predicted import predicted_columns
from webapp.runs.queries import STATE_COLUMNS
from webapp.runs.reproducing import reproducing
from webapp.runs.timeline import timeline

MAX_SECONDS = 1e10
MAX_CURVES = 20


@require_GET
@gzip_page
def run_timeline(request: TeamRequest, pk: int) -> JsonResponse:
    """Return the timeline of the run, or of the part from `from` to `to` in seconds."""
    start, end = _seconds(request.GET.get("from", "")), _seconds(request.GET.get("to", ""))
    if start is not None and end is not None and end <= start:
        start = end = None
    return JsonResponse(timeline(_run(request, pk), start, end))


@require_GET
@gzip_page
def run_predicted(request: TeamRequest, pk: int) -> JsonResponse:
    """Return the costs that are predicted for devices of the team, for the Pareto plot."""
    run = _run(request, pk)
    return JsonResponse(
        predicted_columns(run, goals_of_run(run)), json_dumps_params={"allow_nan": False}
    )


@require_GET
@gzip_page
def run_loads(request: TeamRequest, pk: int) -> JsonResponse:
    """Return processor, memory and cards of the run's workers over time."""
    return JsonResponse(loads_of(_run(request, pk)), json_dumps_params={"allow_nan": False})


@require_GET
@gzip_page
def run_curves(request: TeamRequest, pk: int) -> JsonResponse:
    """Return the learning curves of some candidates, by number."""
    texts = request.GET.get("numbers", "").split(",")[:MAX_CURVES]
    numbers = [number for number in map(_number, texts) if number is not None]
    rows = _run(request, pk).candidates.filter(number__in=numbers).order_by("number")
    curves = {str(number): curve for number, curve in rows.values_list("number", "curve")}
    return JsonResponse({"curves": curves}, json_dumps_params={"allow_nan": False})


@require_GET
@gzip_page
def run_choices(request: TeamRequest, pk: int) -> JsonResponse:
    """Return the choices of the architectures, with their importance."""
    return JsonResponse(choices_of(_run(request, pk)), json_dumps_params={"allow_nan": False})


@require_GET
@gzip_page
def run_log(request: TeamRequest, pk: int) -> JsonResponse:
    """Return lines of the log: older ones, of a candidate, or of a level."""
    query = request.GET
    before, number = _number(query.get("before", "")), _number(query.get("number", ""))
    return JsonResponse(log_lines(_run(request, pk), before, number, query.get("level", "")))


@require_GET
def run_estimates(request: TeamRequest, pk: int) -> HttpResponse:
    """Show how well cheap estimates rank the candidates, what the filter saved and lost."""
    run = team_object_or_404(request, Run, pk, defer=["strategy_state", "epochs_state"])
    return render(request, "runs/parts/estimates.html", estimates_context(run))


@require_GET
def run_reproducing(request: TeamRequest, pk: int) -> HttpResponse:
    """Show what repeats the run: command, code, packages, data, workers."""
    run = team_object_or_404(request, Run, pk, defer=STATE_COLUMNS)
    server = request.build_absolute_uri("/").rstrip("/")
    context = {"run": run, **reproducing(run, server)}
    return render(request, "runs/parts/reproducing.html", context)


def _run(request: TeamRequest, pk: int) -> Run:
    return team_object_or_404(request, Run, pk, defer=STATE_COLUMNS)


def _number(text: str) -> int | None:
    text = text.strip().lstrip("#")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < MAX_SECONDS else None

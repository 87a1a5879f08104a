"""The list of studies, the results of one as page and files, and its bulk actions."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.ranges import resumable, source_of_bytes
from webapp.compare.budget import DEFAULT_UNIT, UNITS
from webapp.runs.actions import ACTIONS
from webapp.runs.models import Study

from ..benchmark import benchmark_of
from ..deciding import progress_of
from ..queries import studies_of, with_progress
from ..results import results
from ..services.bulk_actions import BULK_ACTIONS, apply_bulk_action
from ..table import bulk_actions_of, cells_of, equal_of, matrix_of

PAGE = 25
DONE_MESSAGES = {
    "pause": "Pausing {} run{}: running candidates finish first.",
    "resume": "{} run{} resumed.",
    "stop": "Stopping {} run{}: running candidates finish first.",
}


@require_GET
def study_list(request: TeamRequest) -> HttpResponse:
    """List the team's studies, newest first."""
    page = Paginator(studies_of(request.team), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "may_launch": may(request.user, "launch", request.team)}
    return render(request, "studies/list.html", context)


@require_GET
def study_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show a study; for htmx only its results, which an open page reloads while runs move."""
    study = _study(request, pk)
    data = results(study, request.GET.get("by", DEFAULT_UNIT))
    context = {
        "study": study,
        "data": data,
        "by_hypervolume": data["measure"] == "hypervolume",
        "cells": cells_of(data),
        "equal": equal_of(data),
        "matrix": matrix_of(data),
        "progress": progress_of(study),
        "search": study.plan.get("question", {}),
        "all_actions": [ACTIONS[name] for name in BULK_ACTIONS],
        "moves": study.ended_count < study.run_count,
        "actions": bulk_actions_of(study) if may(request.user, "control", study.team) else [],
        "may_launch": may(request.user, "launch", study.team),
    }
    template = "studies/parts/results.html" if request.htmx else "studies/detail.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_GET
def study_csv(request: TeamRequest, pk: int) -> HttpResponse:
    """Return one CSV line per run: method, seed, state, cost, and results at an equal budget."""
    study = _study(request, pk)
    data = results(study, request.GET.get("by", DEFAULT_UNIT))
    text = io.StringIO()
    lines = csv.writer(text)
    columns = ("id", "strategy", "seed", "state", "told", "budget", "best", "hypervolume")
    at_end = ("final_best", "final_hypervolume")
    costs = [unit for unit in UNITS if unit != DEFAULT_UNIT]
    equal = {"equal": data["unit"], "equal_budget": data["budget"]}
    lines.writerow([*columns, *data["reported"], *equal, "compared", *at_end, *costs])
    for run in data["runs"]:
        reported = [run["reported"].get(name) for name in data["reported"]]
        spent = [run["spent"][unit] for unit in costs]
        ended = [run["compared"], *(run[name] for name in at_end)]
        lines.writerow(
            [*(run[name] for name in columns), *reported, *equal.values(), *ended, *spent]
        )
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(study)}.csv"'
    return response


@require_GET
def study_benchmark(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Return the measured architectures as a table with a Croissant file, in one archive."""
    study = team_object_or_404(request, Study, pk)
    source = source_of_bytes(benchmark_of(study))
    return resumable(request, source, f"study-{pk}-benchmark.zip", "application/zip")


@require_GET
def study_json(request: TeamRequest, pk: int) -> HttpResponse:
    """Return the plan and the results as one document."""
    study = _study(request, pk)
    document = {"id": study.pk, "name": study.name, "question": study.question, "plan": study.plan}
    data = results(study, request.GET.get("by", DEFAULT_UNIT))
    response = JsonResponse({**document, "results": data})
    response["Content-Disposition"] = f'attachment; filename="{_file_name(study)}.json"'
    return response


def _file_name(study: Study) -> str:
    return slugify(study.name)[:60] or f"study-{study.pk}"


@require_POST
def study_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Pause, resume or stop every run whose state allows it; redirect to the study."""
    if action not in BULK_ACTIONS:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(BULK_ACTIONS)}")
    study = team_object_or_404(request, Study, pk, action="control")
    changed = apply_bulk_action(study, action, request.user)
    if changed:
        text = DONE_MESSAGES[action].format(changed, "" if changed == 1 else "s")
        messages.success(request, text)
    else:
        messages.info(request, f"No run of this study allows {action} now.")
    return redirect("study-detail", study.pk)


def _study(request: TeamRequest, pk: int) -> Any:
    """Return the study with its progress if this person may see it."""
    team_object_or_404(request, Study, pk)
    return with_progress(Study.objects.select_related("team", "created_by")).get(pk=pk)

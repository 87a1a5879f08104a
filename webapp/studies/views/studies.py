"""The list of studies, one study's ranking, its numbers as files, and its buttons."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.runs.actions import ACTIONS
from webapp.runs.models import Study

from ..queries import studies_of, with_progress
from ..results import results
from ..services.bulk_actions import BULK_ACTIONS, apply_bulk_action
from ..table import bulk_actions_of, cells_of, matrix_of

PAGE = 25
DONE_WORDS = {
    "pause": "Pausing {} run{}: what runs now is finished first.",
    "resume": "Resumed {} run{}.",
    "stop": "Stopping {} run{}: what runs now is finished first.",
}


@require_GET
def study_list(request: HttpRequest) -> HttpResponse:
    """The team's studies, newest first."""
    page = Paginator(studies_of(request.team), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "may_launch": may(request.user, "launch", request.team)}
    return render(request, "studies/list.html", context)


@require_GET
def study_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One study; with htmx its results alone, which is how an open page follows its runs."""
    study = _study(request, pk)
    found = results(study)
    context = {
        "study": study,
        "data": found,
        "cells": cells_of(found),
        "matrix": matrix_of(found),
        "asked": study.plan.get("question", {}),
        "every_steer": [ACTIONS[name] for name in BULK_ACTIONS],
        "moves": study.ended_count < study.run_count,
        "steers": bulk_actions_of(study) if may(request.user, "control", study.team) else [],
        "may_launch": may(request.user, "launch", study.team),
    }
    template = "studies/parts/results.html" if request.htmx else "studies/detail.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_GET
def study_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """One line a run: method, seed, state, and what it reached."""
    study = _study(request, pk)
    found = results(study)
    text = io.StringIO()
    lines = csv.writer(text)
    columns = ("id", "strategy", "seed", "state", "told", "budget", "best", "hypervolume")
    lines.writerow([*columns, *found["reported"]])
    for run in found["runs"]:
        extra = [run["reported"].get(name) for name in found["reported"]]
        lines.writerow([*(run[name] for name in columns), *extra])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = slugify(study.name)[:60] or f"study-{study.pk}"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@require_GET
def study_json(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan and results as one document."""
    study = _study(request, pk)
    found = {"id": study.pk, "name": study.name, "question": study.question, "plan": study.plan}
    return JsonResponse({**found, "results": results(study)})


@require_POST
def study_control(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Pauses, resumes or stops every run that allows it; then back to the study."""
    if action not in BULK_ACTIONS:
        raise Http404(f"{action[:40]} is not among {', '.join(BULK_ACTIONS)}")
    study = team_object_or_404(request, Study, pk, action="control")
    changed = apply_bulk_action(study, action, request.user)
    if changed:
        text = DONE_WORDS[action].format(changed, "" if changed == 1 else "s")
        messages.success(request, text)
    else:
        messages.info(request, f"No run of this study can {action} now.")
    return redirect("study-detail", study.pk)


def _study(request: HttpRequest, pk: int) -> Any:
    """The study with its progress, for whoever may see it."""
    team_object_or_404(request, Study, pk)
    return with_progress(Study.objects.select_related("team", "created_by")).get(pk=pk)

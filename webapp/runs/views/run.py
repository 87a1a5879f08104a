"""The run page, its snapshot and its list of events."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.events.models import Event
from webapp.runs.actions import ACTIONS, actions_of
from webapp.runs.candidate_table import candidate_table
from webapp.runs.drawings import drawing
from webapp.runs.event_labels import last_events
from webapp.runs.models import Candidate, CandidateState, Run
from webapp.runs.numbers import value_text
from webapp.runs.objectives import goals_of_run
from webapp.runs.queries import best_of, row_of_run
from webapp.runs.rows import candidate_row
from webapp.runs.snapshot import snapshot

WRONG = (CandidateState.DIVERGED, CandidateState.FAILED, CandidateState.LOST)


@require_GET
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The run page; for htmx its header or its candidate table alone."""
    run = team_object_or_404(request, Run, pk)
    if request.htmx and request.GET.get("part") == "header":
        return _answer(request, "runs/parts/header.html", _header(request, run, row_of_run(run)))
    if request.htmx and request.htmx.target == "candidate-table":
        goals = goals_of_run(run)
        table = candidate_table(run, goals, request.GET)
        context = {"run": run, "row": {"goals": goals}, "table": table}
        return _answer(request, "runs/parts/candidate_table.html", context)
    return _answer(request, "runs/detail.html", _page(request, run))


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _header(request: HttpRequest, run: Run, row: dict[str, Any]) -> dict[str, Any]:
    controls = may(request.user, "control", run.team)
    return {
        "run": run,
        "row": row,
        "actions": actions_of(run) if controls else [],
        "may_launch": controls,
        "shown_at": timezone.now(),
    }


def _page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """Everything of the first paint, read from one snapshot."""
    state = snapshot(run)
    row = state["run"]
    best = best_of(run)
    on_front = set(state["front"]["numbers"])
    front_rows = [one for one in state["candidates"] if one["number"] in on_front]
    curve = state["front"]["curve"]
    return {
        **_header(request, run, row),
        "state": state,
        "now": timezone.now().isoformat(),
        "best": candidate_row(best) if best else None,
        "best_graph": drawing(best.proposal["architecture"]) if best else None,
        "front_rows": front_rows,
        "least_violating": any(one["violation"] for one in front_rows),
        "hypervolume": curve[-1]["hypervolume"] if curve else None,
        "wrong": sum(row["counts"][state] for state in WRONG),
        "elapsed": _elapsed(run),
        "reference_words": [
            f"{g['name']} {value_text(g['name'], value, g['unit'])}"
            for g, value in zip(row["goals"], state["front"]["reference"] or [], strict=False)
        ],
        "every_action": ACTIONS.values(),
        "table": candidate_table(run, row["goals"], request.GET),
        "question_text": json.dumps(run.spec, indent=2, ensure_ascii=False),
    }


def _elapsed(run: Run) -> float | None:
    """Seconds since the run began, until now or its end, by the server's clock."""
    if run.started_at is None:
        return None
    return ((run.ended_at or timezone.now()) - run.started_at).total_seconds()


@require_GET
def run_snapshot(request: HttpRequest, pk: int) -> JsonResponse:
    """The state of the page as JSON, for a page that was away too long."""
    run = team_object_or_404(request, Run, pk)
    # A number that JSON has no word for is an error here, not something a browser chokes on.
    return JsonResponse(snapshot(run), json_dumps_params={"allow_nan": False})


@require_GET
def run_events(request: HttpRequest, pk: int) -> HttpResponse:
    """The last stored events as a table."""
    run = team_object_or_404(request, Run, pk)
    context = {"events": last_events(run), "total": Event.objects.filter(run=run).count()}
    return render(request, "runs/parts/events.html", context)


@require_GET
def candidate_graph(request: HttpRequest, pk: int, number: int) -> JsonResponse:
    """The drawing of a candidate's architecture as JSON (docs/graphs.md)."""
    run = team_object_or_404(request, Run, pk)
    found = Candidate.objects.filter(run=run, number=number).only("proposal").first()
    if found is None:
        return JsonResponse({"error": f"run {pk} has no candidate {number}"}, status=404)
    response = JsonResponse({"graph": drawing(found.proposal["architecture"])})
    response["Cache-Control"] = "private, max-age=3600"  # a proposal never changes
    return response

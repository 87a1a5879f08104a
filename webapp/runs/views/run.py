"""The run page, its parts that change, its snapshot and its list of events."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from nasengine.core.data_report import DataReport
from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.markdown import to_html
from webapp.events.models import Event
from webapp.limits import MAX_CANDIDATES
from webapp.runs.actions import ACTIONS, actions_of
from webapp.runs.candidate_table import candidate_table
from webapp.runs.drawings import drawing
from webapp.runs.epochs import epochs_context, shortened_by
from webapp.runs.estimates import estimates_of
from webapp.runs.event_labels import last_events
from webapp.runs.export import candidate_csv
from webapp.runs.front_sketch import front_sketch
from webapp.runs.leased import Priority
from webapp.runs.models import Candidate, Run, Star
from webapp.runs.objectives import goals_of_run
from webapp.runs.predicted import add_predicted, fits_of, goals_of_fits
from webapp.runs.queries import STATE_COLUMNS, best_of, row_of_run
from webapp.runs.replay import replay
from webapp.runs.run_parts import MAX_ROWS, parts_of, run_parts, table_rows
from webapp.runs.services.organising import edit_version
from webapp.runs.services.steering import may_steer
from webapp.runs.snapshot import snapshot
from webapp.runs.unserved import unserved_of_run


@require_GET
def run_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show a run; for htmx only its candidate table."""
    run = _run(request, pk)
    if request.htmx and request.htmx.target == "candidate-table":
        goals = goals_of_run(run)
        table = candidate_table(run, goals, request.GET)
        context = {"run": run, "row": {"goals": goals}, "table": table}
        return _answer(request, "runs/parts/candidate_table.html", context)
    row, best = row_of_run(run), best_of(run)
    table = candidate_table(run, row["goals"], request.GET)
    context = {
        **parts_of(run, row, best, best),
        **_controls(request, run, row),
        "note_html": to_html(run.note),
        "edit_version": edit_version(run),
        "is_starred": Star.objects.filter(run=run, user=request.user).exists(),
        "now": timezone.now().isoformat(),
        "every_action": ACTIONS.values(),
        "priorities": Priority.choices,
        "max_candidates": MAX_CANDIDATES,
        "table": table,
        "predicted": table.predicted,
        "sketch": front_sketch(run, row["goals"], request.GET),
        "data_report": DataReport.from_json(run.data_report) if run.data_report else None,
        "shortened_by": shortened_by(run),
        "estimates": estimates_of(run),
        "question_text": json.dumps(run.spec, indent=2, ensure_ascii=False),
    }
    return _answer(request, "runs/detail.html", context)


@require_GET
def run_live(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the parts of the page that change while a run moves; the page swaps them in.

    `selected` names the candidate that is looked at, `rows` the candidates on screen that
    have changed.
    """
    run = _run(request, pk)
    selected = _numbers(request.GET.get("selected", ""))
    parts = run_parts(run, selected[0] if selected else None)
    fits = fits_of(run, parts["row"]["goals"])
    rows = table_rows(run, _numbers(request.GET.get("rows", "")))
    add_predicted(fits, rows)
    context = {
        **parts,
        **_controls(request, run, parts["row"]),
        "rows": rows,
        "table": {"predicted": goals_of_fits(fits)},
    }
    return _answer(request, "runs/parts/live.html", context)


def _controls(request: TeamRequest, run: Run, row: dict[str, Any]) -> dict[str, Any]:
    """Return what this person may do with the run, and what it lacks."""
    controls = may(request.user, "control", run.team)
    return {
        "actions": actions_of(run, row["counts"]) if controls else [],
        "may_launch": controls,
        "may_control": controls,
        "may_steer": controls and may_steer(run),
        "unserved": unserved_of_run(run),
        "shown_at": timezone.now(),
    }


def _numbers(text: str) -> list[int]:
    """Return the whole numbers of a list such as "1,2"; the rest is ignored."""
    parts = text.split(",", MAX_ROWS)[:MAX_ROWS]
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 10]


def _answer(request: TeamRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _run(request: TeamRequest, pk: int) -> Run:
    """Return the run without the strategy's snapshot, which grows with the run."""
    return team_object_or_404(request, Run, pk, defer=STATE_COLUMNS)


@require_GET
def run_epochs(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the epochs that a run has saved, what it stopped early and what was predicted."""
    return render(request, "runs/parts/epochs.html", epochs_context(_run(request, pk)))


# Compressed: the data contain no secret that their length could reveal (BREACH).
@require_GET
@gzip_page
def run_snapshot(request: TeamRequest, pk: int) -> JsonResponse:
    """Return the state of the page as JSON: at its start, and after it missed too many events."""
    run = _run(request, pk)
    # NaN and infinity are an error here, not in the browser that reads them.
    return JsonResponse(snapshot(run), json_dumps_params={"allow_nan": False})


@require_GET
@gzip_page
def run_replay(request: TeamRequest, pk: int) -> JsonResponse:
    """Return the order of the candidates and the history of the front, for the replay slider."""
    return JsonResponse(replay(_run(request, pk)))


@require_GET
def run_events(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the latest stored events as a table."""
    run = team_object_or_404(request, Run, pk)
    context = {"events": last_events(run), "total": Event.objects.filter(run=run).count()}
    return render(request, "runs/parts/events.html", context)


@require_GET
@gzip_page
def run_csv(request: TeamRequest, pk: int) -> StreamingHttpResponse:
    """Return every candidate of the run as CSV."""
    run = _run(request, pk)
    response = StreamingHttpResponse(candidate_csv(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-candidates.csv"'
    return response


@require_GET
def candidate_row_json(request: TeamRequest, pk: int, number: int) -> JsonResponse:
    """Return one candidate as JSON, for the card next to the pointer."""
    run = _run(request, pk)
    rows = table_rows(run, [number])
    if not rows:
        return JsonResponse({"error": f"run {pk} has no candidate {number}"}, status=404)
    add_predicted(fits_of(run, goals_of_run(run)), rows)
    return JsonResponse(rows[0])


@require_GET
def candidate_graph(request: TeamRequest, pk: int, number: int) -> JsonResponse:
    """Return the drawing of a candidate's architecture as JSON (docs/graphs.md)."""
    run = team_object_or_404(request, Run, pk)
    candidate = Candidate.objects.filter(run=run, number=number).only("proposal").first()
    if candidate is None:
        return JsonResponse({"error": f"run {pk} has no candidate {number}"}, status=404)
    response = JsonResponse({"graph": drawing(candidate.proposal["architecture"])})
    response["Cache-Control"] = "private, max-age=3600"  # a proposal never changes
    return response

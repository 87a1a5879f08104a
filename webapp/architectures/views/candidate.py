"""One candidate: the drawer beside the run, the same as a page, and keep."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from nasengine.core.architecture import Architecture
from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.architectures.models import CatalogueEntry
from webapp.architectures.services import keep
from webapp.runs.drawings import drawing, leaning, text_of
from webapp.runs.models import Candidate, Run
from webapp.runs.queries import goals_of_run

CURVE_COLUMNS = ("epoch", "train_loss", "train_error", "valid_loss", "valid_error", "seconds")


@require_GET
def run_candidate(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A candidate with architecture, measurements, curve and parents."""
    run = team_object_or_404(request, Run, pk)
    return _show(request, run, _candidate(run, number))


def _candidate(run: Run, number: int) -> Candidate:
    found = Candidate.objects.filter(run=run, number=number).prefetch_related("measurements")
    candidate = found.select_related("slot").first()
    if candidate is None:
        raise Http404(f"run {run.pk} has no candidate {number}")
    candidate.run = run
    return candidate


def _show(request: HttpRequest, run: Run, candidate: Candidate) -> HttpResponse:
    architecture, step = candidate.proposal["architecture"], None
    if candidate.proposal.get("task") == "share":
        step = candidate.proposal["note"]
        architecture = leaning(architecture, candidate.findings)
    goals = goals_of_run(run)
    entry = CatalogueEntry.objects.filter(
        team=run.team, architecture_id=candidate.architecture_id
    ).first()
    context = {
        "run": run,
        "candidate": candidate,
        "step": step,
        "architecture": architecture,
        "architecture_id": Architecture.from_json(architecture).id if architecture else "",
        "graph": drawing(architecture) if architecture else None,
        "graph_title": f"{run.name} candidate {candidate.number}",
        "text": text_of(architecture) if architecture else "",
        "architecture_json": json.dumps(architecture, indent=1, ensure_ascii=False),
        "measurements": list(candidate.measurements.all()),
        "missing": missing_goals(candidate, goals),
        "curve": curve_table(candidate.curve),
        "on_front": candidate.number in run.front.get("numbers", []),
        "entry": entry,
        "may_keep": may(request.user, "keep", run.team),
    }
    template = "runs/parts/candidate.html" if request.htmx else "runs/candidate.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def missing_goals(candidate: Candidate, goals: list[dict[str, Any]]) -> list[str]:
    """Objectives of the run that the candidate has no value for."""
    measured = {m.objective for m in candidate.measurements.all()}
    return [goal["name"] for goal in goals if goal["name"] not in measured]


def curve_table(curve: list[dict[str, Any]]) -> dict[str, Any]:
    """The curve as columns and rows; only columns that hold something."""
    columns = [name for name in CURVE_COLUMNS if any(p.get(name) is not None for p in curve)]
    return {"columns": columns, "rows": [[p.get(name) for name in columns] for p in curve]}


@require_POST
def candidate_keep(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Makes a catalogue entry of the candidate's architecture."""
    run = team_object_or_404(request, Run, pk, action="keep")
    candidate = _candidate(run, number)
    try:
        entry = keep(candidate, request.user, request.POST.get("name", "").strip())
    except ValueError as error:
        return _told(request, run, candidate, str(error), "error")
    return _told(request, run, candidate, f"Kept in the catalogue as {entry.name}.", "success")


def _told(
    request: HttpRequest, run: Run, candidate: Candidate, text: str, level: str
) -> HttpResponse:
    """The drawer again with a toast for htmx; else back to the page with a message."""
    if request.htmx:
        response = _show(request, run, candidate)
        response["HX-Trigger"] = json.dumps({"toast": {"text": text, "level": level}})
        return response
    messages.add_message(request, getattr(messages, level.upper()), text)
    return redirect("run-candidate", run.pk, candidate.number)

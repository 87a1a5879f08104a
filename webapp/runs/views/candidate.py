"""One candidate of a run: the drawer of the run page, and the same content as a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.canonical import canonical_id
from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.sentences import as_sentence
from webapp.datasets.labels import data_labels
from webapp.runs.cost import cost_text
from webapp.runs.drawings import derived_from, drawing, no_network_of, text_of
from webapp.runs.imported import is_imported
from webapp.runs.models import Candidate, Run
from webapp.runs.numbers import value_text
from webapp.runs.objectives import goals_of_run
from webapp.runs.services.control import ControlRefused
from webapp.runs.services.retries import can_retry, retried_as, retry
from webapp.runs.throughput import COUNTS, throughput_of

CURVE_COLUMNS = ("epoch", "train_loss", "train_error", "valid_loss", "valid_error", "seconds")


@require_GET
def run_candidate(request: TeamRequest, pk: int, number: int) -> HttpResponse:
    """Show a candidate with its architecture, measurements, learning curve and parents."""
    run = team_object_or_404(request, Run, pk)
    return candidate_response(request, run, candidate_or_404(run, number))


@require_POST
def candidate_retry(request: TeamRequest, pk: int, number: int) -> HttpResponse:
    """Evaluate a failed candidate again as a new one; show the candidate again."""
    run = team_object_or_404(request, Run, pk, action="control")
    candidate = candidate_or_404(run, number)
    try:
        retry(run, number, request.user)
    except ControlRefused as error:
        messages.error(request, as_sentence(error))
    candidate.run.refresh_from_db()
    if request.htmx:
        return candidate_response(request, run, candidate)
    return redirect("run-candidate", run.pk, number)


def candidate_or_404(run: Run, number: int) -> Candidate:
    """Return the candidate with its measurements and worker.

    Raises:
        Http404: the run has no candidate of this number.
    """
    candidates = Candidate.objects.filter(run=run, number=number)
    candidate = candidates.prefetch_related("measurements").select_related("slot").first()
    if candidate is None:
        raise Http404(f"run {run.pk} has no candidate {number}")
    candidate.run = run
    return candidate


def candidate_response(request: TeamRequest, run: Run, candidate: Candidate) -> HttpResponse:
    """Render the candidate: the drawer for htmx, otherwise the page."""
    architecture, step = candidate.proposal["architecture"], None
    if candidate.proposal.get("task") == "share":
        step = candidate.proposal["note"]
        architecture = derived_from(architecture, candidate.findings)
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
        "cost": cost_text(candidate),
        "missing": missing_goals(candidate, goals_of_run(run)),
        "curve": curve_table(candidate.curve, run.spec["objectives"] if is_imported(run) else ()),
        "retried_as": (again := retried_as(run, candidate.number)),
        "retry_waits": candidate.number in run.retries_waiting,
        "can_retry": can_retry(run, candidate, again),
        "may_control": may(request.user, "control", run.team),
        "on_front": candidate.number in run.front.get("numbers", []),
        "entry": kept_entry(run, architecture) if architecture else None,
        "is_imported": is_imported(run),
        "recorded": sorted(architecture["genome"].items()) if is_imported(run) else [],
        "no_network": (no_network := no_network_of(architecture) if architecture else ""),
        "may_keep": not (no_network or is_imported(run)) and may(request.user, "keep", run.team),
        "full_trainings": full_trainings(candidate),
    }
    template = "runs/parts/candidate.html" if request.htmx else "runs/candidate.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def kept_entry(run: Run, architecture: dict[str, Any]) -> Any:
    """Return the team's catalogue entry of the same or an isomorphic architecture, or None."""
    # By the reverse relation: the catalogue is above the runs and not imported here.
    value, entries = Architecture.from_json(architecture), run.team.entries.order_by("pk")
    try:
        same = Q(architecture_id=value.id) | Q(canonical_id=canonical_id(value))
    except EngineError:
        same = Q(architecture_id=value.id)
    return entries.filter(same).first()


def full_trainings(candidate: Candidate) -> list[dict[str, Any]]:
    """Return the evaluations of a candidate, newest first: result, data, seeds and exports."""
    # By the reverse relation: evaluations are above the runs and not imported here.
    rows = candidate.evaluations.prefetch_related("trainings__exports").order_by("-pk")
    evaluations = list(rows.defer("architecture", "job"))
    labels = data_labels(
        candidate.run.team_id,
        [(evaluation.dataset, evaluation.dataset_config) for evaluation in evaluations],
    )
    found = []
    for evaluation, label in zip(evaluations, labels, strict=True):
        trainings = list(evaluation.trainings.all())
        kind = evaluation.objective.removeprefix("test_")
        found.append(
            {
                "evaluation": evaluation,
                "data": label,
                "objective": evaluation.objective.replace("_", " "),
                "value": ""
                if evaluation.mean is None
                else value_text(kind, evaluation.mean, evaluation.unit, evaluation.spread),
                "done": sum(training.state == "done" for training in trainings),
                "exports": [export for training in trainings for export in training.exports.all()],
            }
        )
    return found


def missing_goals(candidate: Candidate, goals: list[dict[str, Any]]) -> list[str]:
    """Return the objectives of the run for which the candidate has no value."""
    measured = {m.objective for m in candidate.measurements.all()}
    return [goal["name"] for goal in goals if goal["name"] not in measured]


def curve_table(curve: list[dict[str, Any]], recorded: Sequence[str] = ()) -> dict[str, Any]:
    """Return the learning curve as columns and rows, without empty columns.

    The last column is the throughput, if the epochs have counts.

    Args:
        curve: one object per epoch.
        recorded: the values that the curve of an imported candidate has.
    """
    points = [{**point, **_throughput(point)} for point in curve]
    names = (*CURVE_COLUMNS, *recorded, *COUNTS.values())
    columns = [name for name in names if any(p.get(name) is not None for p in points)]
    return {"columns": columns, "rows": [[p.get(name) for name in columns] for p in points]}


def _throughput(point: dict[str, Any]) -> dict[str, float]:
    speed = throughput_of(point)
    return {} if speed is None else {speed.unit: speed.per_second}

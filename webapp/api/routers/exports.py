"""Exports for programs: request one, follow it, read its archive."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpResponseBase
from django.urls import reverse
from ninja import Header, Query, Router, Status
from ninja.errors import HttpError

from webapp.common.problems import problem
from webapp.common.ranges import resumable, source_of_file
from webapp.devices.models import Measurement
from webapp.evaluations.models import Evaluation, Training
from webapp.evaluations.services.control import ControlRefused
from webapp.exports.models import Export
from webapp.exports.queries import measurements_of
from webapp.exports.services.archives import archive_path
from webapp.exports.services.launch import cancel, request_export, retry
from webapp.exports.services.measuring import measure
from webapp.jobs.models import JobState

from ..auth import object_or_404, teams_named
from ..cursors import page_of
from ..models import LaunchKey
from ..schemas import MAX_KEY, ListQuery, NewExport, NewMeasurement, Page
from ..services.launches import once

router = Router(tags=["exports"])
JOINED = ("team", "training__evaluation", "requested_by")
LARGE = ("training__curve", "training__evaluation__job", "training__evaluation__architecture")


@router.get("", response=Page, url_name="exports")
def list_exports(request: Any, query: Query[ListQuery]) -> Any:
    """List the exports of the person's teams, newest first."""
    rows = Export.objects.filter(team__in=teams_named(request, query.team))
    rows = rows.select_related(*JOINED).defer(*LARGE, "report")
    return page_of(
        rows, "-pk", query.cursor, query.limit, lambda page: [_row(export) for export in page]
    )


@router.post("", response={201: dict, 200: dict}, url_name="request-export")
def export_network(
    request: Any, body: NewExport, idempotency_key: str = Header("", max_length=MAX_KEY)
) -> Any:
    """Export a trained network for a target. The same Idempotency-Key does it once."""
    evaluation = object_or_404(request, Evaluation, body.evaluation, "launch")
    training = _training(evaluation, body.seed)
    asked = body.dict()

    def create() -> Export:
        return request_export(
            training,
            request.user,
            body.target,
            body.settings,
            queue=body.queue,
            priority=body.priority,
        )

    kind = LaunchKey.Kind.EXPORT
    export, is_new = once(
        kind,
        team=evaluation.team,
        user=request.user,
        key=idempotency_key,
        request=asked,
        create=create,
    )
    return Status(201 if is_new else 200, _whole(export.pk))


@router.get("/{int:pk}", response=dict, url_name="export")
def show_export(request: Any, pk: int) -> Any:
    """Return one export with its state and, at the end, its deployment report."""
    return _whole(object_or_404(request, Export, pk).pk)


@router.get("/{int:pk}/archive.zip", url_name="export-archive")
def read_archive(request: Any, pk: int) -> HttpResponseBase:
    """Send the archive of an export."""
    export = object_or_404(request, Export, pk)
    path = archive_path(export)
    if path is None:
        return problem(409, f"Export {pk} is {export.state}: the web server has no archive of it.")
    return resumable(request, source_of_file(path), export.archive, "application/zip")


@router.post("/{int:pk}/measurements", response=dict, url_name="export-measure")
def measure_export(request: Any, pk: int, body: NewMeasurement) -> Any:
    """Ask a device of the team to measure an ONNX file; `measurements` has its value later.

    While the same is waiting or being measured, no second measurement is made.
    """
    export = object_or_404(request, Export, pk, "launch")
    measure(export, request.user, body.device, body.objective, body.file)
    return _whole(pk)


@router.post("/{int:pk}/{action}", response=dict, url_name="export-action")
def control_export(request: Any, pk: int, action: Literal["cancel", "retry"]) -> Any:
    """Cancel an export, or do it again if it failed or was cancelled."""
    rows = Export.objects.filter(pk=object_or_404(request, Export, pk, "control").pk)
    try:
        if action == "cancel":
            cancel(rows, request.user)
        else:
            retry(rows, request.user)
    except ControlRefused as error:
        return problem(409, str(error))
    return _whole(pk)


def _training(evaluation: Evaluation, seed: int | None) -> Training:
    """Return the training of a seed, by default the first one that is done."""
    rows = Training.objects.filter(evaluation=evaluation).select_related("evaluation__team")
    rows = rows.filter(state=JobState.DONE) if seed is None else rows.filter(seed=seed)
    found = rows.order_by("seed").first()
    if found is None:
        missing = "no trained seed yet" if seed is None else f"no seed {seed}"
        raise HttpError(422, f"Evaluation {evaluation.pk} has {missing}.")
    return found


def _whole(pk: int) -> dict[str, Any]:
    export = Export.objects.select_related(*JOINED).defer(*LARGE).get(pk=pk)
    measured = [_measurement(measurement) for measurement in measurements_of(export)]
    more = {"settings": export.settings, "report": export.report, "measurements": measured}
    return {**_row(export), **more}


def _measurement(row: Measurement) -> dict[str, Any]:
    names = ("objective", "batch", "value", "unit", "low", "high", "spread", "repetitions")
    more = ("method", "runtime", "runtime_version", "reason")
    return {
        "id": row.pk,
        "device": row.device.name,
        "file": row.onnx.rpartition("/")[2],
        "state": str(row.state),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        **{name: getattr(row, name) for name in (*names, *more)},
    }


def _row(export: Export) -> dict[str, Any]:
    has_archive = bool(export.archive)
    return {
        "id": export.pk,
        "team": export.team.name,
        "author": export.requested_by.get_username() if export.requested_by else None,
        "evaluation": export.training.evaluation_id,
        "title": export.training.evaluation.title,
        "seed": str(export.training.seed),
        "target": export.target,
        "state": str(export.state),
        "reason": export.reason,
        "progress": export.progress,
        "archive": reverse("api:export-archive", args=[export.pk]) if has_archive else None,
        "bytes": export.archive_bytes,
        "sha256": export.archive_sha256,
        "created_at": export.created_at.isoformat(),
        "address": reverse("export-detail", args=[export.pk]),
    }

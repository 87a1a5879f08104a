"""Uploaded data sets for programs."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from ninja import Query, Router, Status

from webapp.common.uploads import accept_uploads_at
from webapp.data.labels import upload_words
from webapp.datasets.models import DataUpload, TeamData
from webapp.datasets.services.uploads import request_upload
from webapp.limits import MEGABYTE

from ..auth import check_scope, object_or_404, team_named, teams_named
from ..cursors import page_of
from ..schemas import ListQuery, Page, UploadQuery

router = Router()
accept_uploads_at("api:data", lambda: settings.DATA_MEGABYTES * MEGABYTE)
RAW_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/data", response=Page, url_name="data", tags=["data"])
def list_data(request: Any, query: Query[ListQuery]) -> Any:
    """List every version of the uploaded data sets of the person's teams, newest first."""
    own = TeamData.objects.filter(team__in=teams_named(request, query.team))
    return page_of(
        _joined(own),
        "-pk",
        query.cursor,
        query.limit,
        lambda page: [_data(dataset) for dataset in page],
    )


@router.post("/data", response={202: dict}, url_name="data", tags=["data"], openapi_extra=RAW_BODY)
def upload_data(request: Any, query: Query[UploadQuery]) -> Any:
    """Upload a file as a data set: its bytes are the body. A worker then reads it."""
    team = team_named(request, query.team, "import")
    check_scope(request)
    typed = {"name": query.name, "note": query.note}
    upload = request_upload(team, request.auth.user, request, query.file_name, typed)
    return Status(202, _upload(upload))


@router.get("/data/uploads/{int:pk}", response=dict, url_name="data-upload-state", tags=["data"])
def show_upload(request: Any, pk: int) -> Any:
    """Return the state of an upload: its data set once that is there, or why there is none."""
    return _upload(object_or_404(request, DataUpload, pk))


@router.get("/data/{int:pk}", response=dict, url_name="data-set", tags=["data"])
def show_data(request: Any, pk: int) -> Any:
    """Return one version of a data set with its report."""
    object_or_404(request, TeamData, pk)
    data = cast(Any, _joined(TeamData.objects.all()).get(pk=pk))
    return {**_data(data), "report": data.report}


def _joined(rows: Any) -> Any:
    counted = rows.annotate(run_count=Count("data_sets__runs"))
    return counted.select_related("team", "created_by")


def _upload(upload: DataUpload) -> dict[str, Any]:
    return {
        "id": upload.pk,
        "file_name": upload.file_name,
        "name": upload.typed["name"],
        "state": upload.state,
        "words": upload_words(upload),
        "progress": upload.progress,
        "errors": upload.errors,
        "data": upload.data_id,
        "address": reverse("upload-detail", args=[upload.pk]),
    }


def _data(data: Any) -> dict[str, Any]:
    report = data.shown_report
    return {
        "id": data.pk,
        "name": data.name,
        "version": data.version,
        "path": data.fixed.path,
        "team": data.team.name,
        "author": data.created_by.get_username() if data.created_by else None,
        "created_at": data.created_at.isoformat(),
        "archived": data.archived_at is not None,
        "dataset": data.source,
        "dataset_config": data.config,
        "parts": dict(report.parts),
        "classes": [label.name for label in report.classes],
        "notes": list(report.notes),
        "files": data.files,
        "size_bytes": data.size_bytes,
        "digest": data.digest,
        "note": data.note,
        "run_count": data.run_count,
        "address": reverse("data-detail", args=[data.pk]),
    }

"""Uploaded data sets of a team: the list, one with its report and runs, and uploads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nasengine.core.errors import InvalidSettings
from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.uploads import accepts_uploads
from webapp.datasets.models import DataUpload, TeamData
from webapp.datasets.queries import content_words, data_of, uploads_of
from webapp.datasets.services.uploads import discard
from webapp.limits import MAX_FORM_BYTES, MEGABYTE
from webapp.tables.models import BenchmarkTable
from webapp.uploads.jobs import cancel
from webapp.uploads.models import ImportState
from webapp.uploads.responses import progress, to_result

from . import usage
from .forms import UploadForm
from .labels import upload_words

PAGE = 25
MAX_RUNS = 8
MAX_UPLOADS = 10
UPLOAD_ACTIONS = {"cancel": cancel, "discard": discard}
ACTIONS = {"archive": usage.archive, "restore": usage.restore, "delete": usage.delete}
# Small networks, so that a first search on own data ends soon on a processor.
PICTURE_SEARCH = {
    "space": "nb201",
    "space_config.cells": 1,
    "space_config.channels": 8,
    "strategy": "nsga2",
    "strategy_config.population": 10,
}
TEXT_SEARCH = {"space": "recurrent-cell", "strategy": "random", "objectives": "perplexity,params"}
DONE = {"archive": "archived", "restore": "restored", "delete": "deleted"}


def _max_upload() -> int:
    return settings.DATA_MEGABYTES * MEGABYTE + MAX_FORM_BYTES


@require_GET
def data_list(request: TeamRequest) -> HttpResponse:
    """List the team's data sets, the newest version of each name first."""
    archived = request.GET.get("archived") == "1"
    found = data_of(request.team, archived)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows: list[Any] = list(page.object_list)
    counts = usage.run_counts(rows)
    context = {
        "page": page,
        "archived": archived,
        "rows": [
            {
                "data": row,
                "content": content_words(row),
                "runs": counts.get(row.pk, 0),
                "query": _query(row),
            }
            for row in rows
        ],
        "uploads": uploads_of(request.team)[:MAX_UPLOADS],
        "table_count": BenchmarkTable.objects.filter(team=request.team).count(),
        "may_import": may(request.user, "import", request.team),
        "may_launch": may(request.user, "launch", request.team),
    }
    return render(request, "data/list.html", context)


@require_GET
def data_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show one data set: its report, the settings that fit, and the runs that used it."""
    data = team_object_or_404(request, TeamData, pk)
    newest = TeamData.objects.filter(team=data.team, name=data.name, archived_at=None)
    runs = usage.runs_on(data)
    context = {
        "data": data,
        "report": data.shown_report,
        "newest": newest.order_by("-version").first(),
        "query": _query(data),
        "runs": runs[:MAX_RUNS],
        "run_count": runs.count(),
        "usage": usage.usage_of(data),
        "may_launch": may(request.user, "launch", data.team),
        "may_import": may(request.user, "import", data.team),
    }
    return render(request, "data/detail.html", context)


@require_POST
def data_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Archive, restore or delete a data set."""
    if action not in ACTIONS:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(ACTIONS)}")
    data = team_object_or_404(request, TeamData, pk, action="import")
    try:
        ACTIONS[action](data, request.user)
    except InvalidSettings as error:
        messages.error(request, f"{next(iter(error.errors.values()))}.")
        return redirect("data-detail", pk)
    messages.success(request, f"{data} is {DONE[action]}.")
    return redirect("data-list") if action != "restore" else redirect("data-detail", pk)


@accepts_uploads(_max_upload)
@require_http_methods(["GET", "POST"])
def data_new(request: TeamRequest) -> HttpResponse:
    """Show the form; a POST requests the upload, or shows every message next to its field."""
    check_may_here(request, "import", "Uploading data")
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    upload = form.requested(request.team, request.user) if form.is_bound else None
    if upload is None:
        return render(request, "data/new.html", {"form": form})
    return redirect("upload-detail", upload.pk)


@accepts_uploads(_max_upload)
@require_http_methods(["GET", "POST"])
def upload_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the progress of an upload, then its data set, or its messages in the form."""
    action = "import" if request.method == "POST" else "view"
    upload = team_object_or_404(request, DataUpload, pk, action=action)
    form = None
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES, job=upload)
        if again := form.requested(upload.team, request.user):
            return redirect("upload-detail", again.pk)
    elif upload.state == ImportState.DONE and upload.data is not None:
        result = reverse("data-detail", args=[upload.data_id])
        return to_result(request, upload_words(upload), result)
    elif not upload.is_open and may(request.user, "import", upload.team):
        form = UploadForm(upload.typed, job=upload)
        form.full_clean()
        form.add_messages(upload.errors)
    may_import = may(request.user, "import", upload.team)
    context = {"words": upload_words(upload), "form": form, "may_import": may_import}
    return progress(request, upload, context, "data/parts/upload_now.html", "data/upload.html")


@require_POST
def upload_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Cancel an upload, or discard one that ended, with its file."""
    if action not in UPLOAD_ACTIONS:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(UPLOAD_ACTIONS)}")
    upload = team_object_or_404(request, DataUpload, pk, action="import")
    UPLOAD_ACTIONS[action](upload)
    return redirect("upload-detail", pk) if action == "cancel" else redirect("data-list")


def _query(data: TeamData) -> str:
    """Return what the launch form starts with for a search on a data set."""
    search = TEXT_SEARCH if data.source == "text" else PICTURE_SEARCH
    name = {"name": f"{search['strategy']} on {data.name}"}
    return urlencode({**search, **name, **data.form_values}, doseq=True)

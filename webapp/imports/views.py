"""Importing runs of other tools: the form, and the progress of an import."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.uploads import accepts_uploads
from webapp.limits import MAX_FORM_BYTES, MEGABYTE
from webapp.uploads.models import ImportState
from webapp.uploads.responses import progress, to_result

from .forms import ImportRunsForm
from .models import RunImport

WORDS = {
    ImportState.WAITING: "Waiting for a coordinator to start it.",
    ImportState.RUNNING: "Reading the file.",
    ImportState.CANCELLED: "Cancelled; nothing was stored.",
    ImportState.FAILED: "Not imported; nothing was stored.",
}


def _max_upload() -> int:
    return settings.DATA_MEGABYTES * MEGABYTE + MAX_FORM_BYTES


@accepts_uploads(_max_upload)
@require_http_methods(["GET", "POST"])
def runs_import(request: TeamRequest) -> HttpResponse:
    """Show the form; a POST requests the import, or shows every message next to its field."""
    check_may_here(request, "import", "Importing runs")
    bound = request.method == "POST"
    form = ImportRunsForm(request.POST, request.FILES) if bound else ImportRunsForm()
    job = form.requested(request.team, request.user) if bound else None
    if job is None:
        return render(request, "imports/new.html", {"form": form})
    return redirect("runs-import-detail", job.pk)


@require_GET
def runs_import_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the progress of an import, then its runs, or why there are none."""
    job = team_object_or_404(request, RunImport, pk)
    if job.state == ImportState.DONE:
        return to_result(request, _done_words(job), _result_of(job))
    form = None
    if not job.is_open and may(request.user, "import", job.team):
        form = ImportRunsForm(job.typed, errors=job.errors)
    context = {"words": WORDS[ImportState(job.state)], "form": form}
    return progress(request, job, context, "imports/now.html", "imports/detail.html")


def _result_of(job: RunImport) -> str:
    """Return the address of the run, or of the list if there are several."""
    if len(job.numbers) == 1:
        return reverse("run-detail", args=[job.numbers[0]])
    return f"{reverse('run-list')}?q=tag:imported"


def _done_words(job: RunImport) -> str:
    old = len(job.numbers) - job.new_count
    text = f"{job.new_count} run{'s' * (job.new_count != 1)} imported from {job.file_name}"
    return f"{text}; {old} imported before." if old else f"{text}."

"""Importing a table: the form, the progress of an import, and what can be done with it."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.uploads import accepts_uploads
from webapp.limits import MAX_FORM_BYTES, MEGABYTE
from webapp.tables.forms import ImportForm
from webapp.tables.labels import import_words
from webapp.tables.models import ImportState, TableImport
from webapp.tables.services.import_jobs import cancel, discard
from webapp.uploads.responses import progress, to_result

ACTIONS = {"cancel": cancel, "discard": discard}


def _max_upload() -> int:
    return settings.TABLE_MEGABYTES * MEGABYTE + MAX_FORM_BYTES


@accepts_uploads(_max_upload)
@require_http_methods(["GET", "POST"])
def table_new(request: TeamRequest) -> HttpResponse:
    """Show the form; a POST requests the import, or shows every message next to its field."""
    check_may_here(request, "import", "Importing tables")
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    job = form.requested(request.team, request.user) if form.is_bound else None
    if job is None:
        return render(request, "tables/new.html", {"form": form})
    return redirect("import-detail", job.pk)


@accepts_uploads(_max_upload)
@require_http_methods(["GET", "POST"])
def import_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the progress of an import, then its table, or its messages in the form to try again."""
    action = "import" if request.method == "POST" else "view"
    job = team_object_or_404(request, TableImport, pk, action=action)
    form = None
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES, job=job)
        if again := form.requested(job.team, request.user):
            return redirect("import-detail", again.pk)
    elif job.state == ImportState.DONE and job.table is not None:
        return to_result(request, import_words(job), reverse("table-detail", args=[job.table_id]))
    elif not job.is_open and may(request.user, "import", job.team):
        form = ImportForm(job.typed, job=job)
        form.full_clean()
        form.add_messages(job.errors)
    may_import = may(request.user, "import", job.team)
    context = {"words": import_words(job), "form": form, "may_import": may_import}
    return progress(request, job, context, "tables/parts/import_now.html", "tables/import.html")


@require_POST
def import_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Cancel an import, or discard one that ended, with its file."""
    if action not in ACTIONS:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(ACTIONS)}")
    job = team_object_or_404(request, TableImport, pk, action="import")
    ACTIONS[action](job)
    return redirect("import-detail", pk) if action == "cancel" else redirect("table-list")

"""Exports: the form, the page of one export with its report, controls and the download."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from nasengine.core.errors import InvalidSettings
from nasengine.objectives.common.device_checks import COSTS
from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.ranges import resumable, source_of_file
from webapp.common.sentences import as_sentence
from webapp.devices.queries import devices_of, online_keys
from webapp.evaluations.models import Training
from webapp.evaluations.services.control import ControlRefused
from webapp.evaluations.sources import entry_of
from webapp.jobs.models import JobState
from webapp.jobs.queues import served_queues
from webapp.runs.drawings import text_of

from ..forms import ExportForm
from ..models import Export
from ..queries import measurements_of, report_rows
from ..services.archives import archive_path
from ..services.launch import cancel, delete, request_export, retry
from ..services.measuring import measurable_files, measure, stop_measuring

ACTIVITY = "Exporting networks"
NOT_HERE = (
    "The archive is not on the web server: set PARETOSCOPE_EXPORTS to a folder that workers and "
    "web server share."
)
ACTIONS = ("cancel", "retry", "stop-measuring", "delete")
APPROVED = ("approved", "deployed")


@require_http_methods(["GET", "POST"])
def export_new(request: TeamRequest) -> HttpResponse:
    """Show the form; a POST requests the export, or shows every message next to its field."""
    check_may_here(request, "launch", ACTIVITY)
    training = _training(request)
    bound = request.method == "POST"
    form = ExportForm(training, request.POST if bound else request.GET, bound)
    values = form.values() if bound else None
    if values is not None:
        chosen = form.training_or_none()
        try:
            if chosen is None:
                raise InvalidSettings({"training": "is no trained seed of this evaluation"})
            export = request_export(chosen, request.user, **values)
        except InvalidSettings as error:
            form.place(error.errors)
        else:
            return redirect("export-detail", export.pk)
    evaluation = training.evaluation
    context = {
        "form": form,
        "training": training,
        "evaluation": evaluation,
        "text": text_of(evaluation.architecture),
        "warning": approval_warning(training),
        "approval": approval(training),
    }
    return render(request, "exports/new.html", context)


@require_GET
def export_new_settings(request: TeamRequest) -> HttpResponse:
    """Show the settings of the target that was just chosen."""
    check_may_here(request, "launch", ACTIVITY)
    form = ExportForm(_training(request), request.GET, bound=False)
    return render(request, "exports/parts/settings.html", {"form": form})


@require_GET
def export_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show an export; htmx gets only the part that changes while it runs."""
    export = _export(request, pk)
    context = {
        "export": export,
        "evaluation": export.training.evaluation,
        "rows": report_rows(export),
        "unserved": export.state == JobState.QUEUED and export.queue not in served_queues(),
        "may_control": may(request.user, "control", export.team),
        "warning": approval_warning(export.training),
        "approval": approval(export.training),
    }
    template = "exports/parts/now.html" if request.htmx else "exports/detail.html"
    if not request.htmx:
        devices = devices_of(export.team)
        online = online_keys(export.team)
        context |= {
            "files": measurable_files(export),
            "costs": COSTS,
            "devices": [(device, device.pk in online) for device in devices],
            "measurements": measurements_of(export),
        }
    return render(request, template, context)


@require_GET
def export_measured(request: TeamRequest, pk: int) -> HttpResponse:
    """Show what devices have measured of an export, for htmx while one measures."""
    export = _export(request, pk)
    may_control = may(request.user, "control", export.team)
    rows = measurements_of(export)
    context = {"export": export, "measurements": rows, "may_control": may_control}
    return render(request, "exports/parts/measured.html", context)


@require_POST
def export_measure(request: TeamRequest, pk: int) -> HttpResponse:
    """Ask a device to measure an ONNX file of the export."""
    export = team_object_or_404(request, Export, pk, action="launch")
    asked = [request.POST.get(name, "") for name in ("device", "objective", "file")]
    try:
        row = measure(export, request.user, *asked)
    except InvalidSettings as error:
        for text in error.errors.values():
            messages.error(request, f"Not measured: {text}.")
    else:
        messages.success(request, f"{row.device.name} is asked to measure {row.objective}.")
    return redirect(f"{reverse('export-detail', args=[pk])}#measured")


@require_GET
def export_archive(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Send the archive of an export."""
    export = _export(request, pk)
    path = archive_path(export)
    if path is None:
        messages.error(request, NOT_HERE if export.archive else "There is no archive yet.")
        return redirect("export-detail", pk)
    return resumable(request, source_of_file(path), export.archive, "application/zip")


@require_POST
def export_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Cancel an export or its measurements, do it again, or delete it with its archive."""
    export = team_object_or_404(request, Export, pk, action="control")
    rows = Export.objects.filter(pk=export.pk)
    try:
        if action == "cancel":
            cancel(rows, request.user)
        elif action == "retry":
            retry(rows, request.user)
        elif action == "stop-measuring":
            stop_measuring(export, request.user)
        elif action == "delete":
            delete(export, request.user)
            return redirect("evaluation-detail", export.training.evaluation_id)
        else:
            raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(ACTIONS)}")
    except ControlRefused as error:
        messages.error(request, as_sentence(error))
    return redirect("export-detail", pk)


def approval_warning(training: Training) -> str:
    """Return why this network is not meant for devices yet; "" if its entry is approved."""
    entry = entry_of(training.evaluation)
    if entry is None:
        return "This architecture is not in the catalogue, so no second person has approved it."
    if entry.stage not in APPROVED:
        return f"The catalogue entry {entry.name} is {entry.stage}, not approved."
    approver = approver_of(entry)
    if approver is not None and approver.pk in (entry.proposed_by_id, entry.kept_by_id):
        return (
            f"{approver.get_username()} approved the catalogue entry {entry.name} and also "
            "proposed it, so no second person has approved it."
        )
    return ""


def approver_of(entry: Any) -> Any:
    """Return who approved a catalogue entry last; None if that is not recorded."""
    approvals = entry.history.filter(stage="approved").select_related("decided_by")
    first = approvals.order_by("-decided_at", "history_date").first()
    return first.decided_by if first else None


def approval(training: Training) -> str:
    """Return who approved the architecture, in words; "" if it is not approved."""
    entry = entry_of(training.evaluation)
    approver = approver_of(entry) if entry is not None and entry.stage in APPROVED else None
    return f"{entry.name}, approved by {approver.get_username()}" if approver else ""


def _training(request: TeamRequest) -> Training:
    """Return the training that the address names, or the newest one of an entry that is done.

    Raises:
        Http404: the current team has no such training, or the entry has none.
    """
    rows = Training.objects.filter(evaluation__team=request.team)
    if "entry" in request.GET:
        # By the reverse relation: the catalogue is above the exports and not imported here.
        entry = request.team.entries.filter(pk=_number(request.GET["entry"])).first()
        key = entry.canonical_id if entry is not None else ""
        rows = rows.filter(evaluation__canonical_id=key, state=JobState.DONE).order_by("-pk")
    else:
        rows = rows.filter(pk=_number(request.GET.get("training", "")))
    found = rows.select_related("evaluation__team").defer("curve").first()
    if found is None:
        raise Http404("the address names no trained network of this team")
    return found


def _number(text: str) -> int:
    """Return a key in an address; 0, which no row has, if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _export(request: TeamRequest, pk: int) -> Export:
    export = team_object_or_404(request, Export, pk)
    rows: Any = Export.objects.select_related(
        "team", "training__evaluation__team", "requested_by", "slot"
    )
    found: Export = rows.defer("training__curve").get(pk=export.pk)
    return found

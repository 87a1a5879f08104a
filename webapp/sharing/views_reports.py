"""Reports: list, read, write with a preview, versions, and the export as one file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.edits import has_changed, version_of
from webapp.limits import MAX_NAME

from .markdown import MAX_TEXT, parts_of
from .models import Report, SavedComparison, ShareLink

MAX_LISTED = 200
MAX_VERSIONS = 50
MAX_EXPORT = 5_000_000
STATIC = Path(__file__).parents[1] / "static"
STYLE = STATIC / "css/report-file.css"
SCRIPT = STATIC / "js/report-plots.js"


@require_GET
def report_list(request: TeamRequest) -> HttpResponse:
    """List the team's reports, saved comparisons and share links."""
    team = request.team
    links = ShareLink.objects.filter(team=team).select_related("created_by")
    context = {
        "reports": Report.objects.filter(team=team).select_related("created_by")[:MAX_LISTED],
        "comparisons": SavedComparison.objects.filter(team=team).select_related("created_by")[
            :MAX_LISTED
        ],
        "links": links[:MAX_LISTED],
        "may_write": may(request.user, "keep", team),
    }
    return render(request, "sharing/reports.html", context)


@require_http_methods(["GET", "POST"])
def report_new(request: TeamRequest) -> HttpResponse:
    """Write a new report."""
    check_may_here(request, "keep", "Writing reports")
    return _written(request, Report(team=request.team, created_by=request.user))


@require_http_methods(["GET", "POST"])
def report_edit(request: TeamRequest, pk: int) -> HttpResponse:
    """Change a report; the version before stays in its history."""
    return _written(request, team_object_or_404(request, Report, pk, action="keep"))


def _written(request: TeamRequest, report: Report) -> HttpResponse:
    errors: dict[str, str] = {}
    version = version_of(report.title, report.text)
    if request.method == "POST":
        if has_changed(request.POST.get("version", ""), report.title, report.text):
            errors["stored"] = (
                "The report was changed by another person or in another tab while you wrote. "
                "Save again to replace that version; it stays in the list of versions."
            )
        report.title = request.POST.get("title", "").strip()
        report.text = request.POST.get("text", "").replace("\r\n", "\n")
        if not report.title or len(report.title) > MAX_NAME:
            errors["title"] = f"must have 1 to {MAX_NAME} characters (got {len(report.title)})"
        if len(report.text) > MAX_TEXT:
            errors["text"] = f"must have at most {MAX_TEXT:,} characters (got {len(report.text):,})"
        if not errors:
            report.save()
            messages.success(request, "The report is saved.")
            return redirect("report-detail", report.pk)
    context = {"report": report, "errors": errors, "version": version}
    return render(request, "sharing/edit.html", context)


@require_POST
def report_preview(request: TeamRequest) -> HttpResponse:
    """Show a text as the report would show it, for htmx."""
    check_may_here(request, "keep", "Writing reports")
    parts = parts_of(request.team, request.POST.get("text", "")[:MAX_TEXT])
    return render(request, "sharing/parts.html", {"parts": parts})


@require_GET
def report_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show a report, or one of its earlier versions."""
    report = team_object_or_404(request, Report, pk)
    versions = list(report.history.select_related("history_user")[:MAX_VERSIONS])
    asked = request.GET.get("version", "")
    shown: Any = next((v for v in versions if str(v.history_id) == asked), report)
    context = {
        "report": report,
        "shown": shown,
        "versions": versions,
        "parts": parts_of(report.team, shown.text),
        "may_write": may(request.user, "keep", report.team),
    }
    return render(request, "sharing/report.html", context)


@require_GET
def report_export(request: TeamRequest, pk: int) -> HttpResponse:
    """Return the report as one HTML file with its data, style and script.

    The policy of the file allows this style and script only, and no request.
    """
    report = team_object_or_404(request, Report, pk)
    style, script = STYLE.read_text(), SCRIPT.read_text()
    context = {
        "report": report,
        "parts": parts_of(report.team, report.text),
        "policy": (f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}"),
        "style": format_html("<style>{}</style>", mark_safe(style)),
        "script": format_html("<script>{}</script>", mark_safe(script)),
        "shared": True,
    }
    text = render_to_string("sharing/export.html", context)
    if len(text.encode()) > MAX_EXPORT:
        messages.error(request, "The report is larger than 5 MB as one file: use fewer blocks.")
        return redirect("report-detail", pk)
    response = HttpResponse(text, content_type="text/html; charset=utf-8")
    name = slugify(report.title)[:60] or f"report-{report.pk}"
    response["Content-Disposition"] = f'attachment; filename="{name}.html"'
    return response


def _digest(text: str) -> str:
    """Return the source of a content security policy that allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

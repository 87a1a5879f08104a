"""The audit trail of a team, for its owners: a page with filters, and CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.common.spreadsheet import harmless

from ..access import check_may_here
from ..models import AuditEntry
from ..requests import TeamRequest
from ..services.audit import KINDS, entries_of

PAGE_ROWS = 100
MAX_QUERY = 200
HEAD = ("time", "person", "kind", "what", "address")


@require_GET
def audit_page(request: TeamRequest) -> HttpResponse:
    """List what people did in the team, newest first."""
    check_may_here(request, "manage", "Reading the audit trail")
    kind = request.GET.get("kind", "")
    who, text = request.GET.get("who", "")[:MAX_QUERY], request.GET.get("text", "")[:MAX_QUERY]
    rows = entries_of(request.team, kind if kind in KINDS else "", who, text.strip())
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
        "query": query.urlencode(),
        "kinds": KINDS,
        "kind": kind,
        "who": who,
        "text": text,
        "people": _people(request),
    }
    return render(request, "accounts/audit.html", context)


def _people(request: TeamRequest) -> list[str]:
    """Return the names that occur in the team's entries."""
    names = AuditEntry.objects.filter(team=request.team).exclude(who="").order_by("who")
    return list(names.values_list("who", flat=True).distinct())


@require_GET
def audit_csv(request: TeamRequest) -> StreamingHttpResponse:
    """Send the entries that match the filter as CSV."""
    check_may_here(request, "manage", "Reading the audit trail")
    kind = request.GET.get("kind", "")
    rows = entries_of(
        request.team,
        kind if kind in KINDS else "",
        request.GET.get("who", "")[:MAX_QUERY],
        request.GET.get("text", "")[:MAX_QUERY].strip(),
    )
    response = StreamingHttpResponse(_lines(rows.iterator()), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


class _Line:
    """A file of which only the newest line is kept."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Iterator[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(HEAD)
    for row in rows:
        kind = KINDS.get(row.kind, row.kind)
        cells = (row.at.isoformat(), row.who, kind, row.text, row.address or "")
        yield writer.writerow([harmless(cell) for cell in cells])

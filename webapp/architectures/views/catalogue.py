"""The catalogue: the list of kept architectures, and one entry."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest

from ..entry_page import entry_page
from ..models import CatalogueEntry, Stage
from ..queries import SIZES, SORTS, catalogue_page, entry_by_name, filter_options


@require_GET
def architecture_list(request: TeamRequest) -> HttpResponse:
    """List the team's architectures; the address has filters, sort and page."""
    context = {
        "catalogue": catalogue_page(request.team, request.GET),
        "options": filter_options(request.team),
        "stages": Stage.choices,
        "sorts": SORTS,
        "sizes": SIZES,
    }
    return render(request, "architectures/list.html", context)


@require_GET
def architecture_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show one entry: drawing, network, costs, lineage, evaluations, stage and history."""
    entry = team_object_or_404(request, CatalogueEntry, pk)
    context = entry_page(entry, request.user, request.GET)
    return render(request, "architectures/detail.html", context)


@require_GET
def architecture_alias(request: TeamRequest, name: str) -> HttpResponse:
    """Show the entry that an alias of the current team points at."""
    entry = entry_by_name(request.team, name) if request.team else None
    if entry is None or name.isdigit():
        raise Http404(f"no alias {name}")
    return render(
        request, "architectures/detail.html", entry_page(entry, request.user, request.GET)
    )

"""The catalogue: the list of kept architectures, and one entry."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.runs.drawings import text_of
from webapp.runs.models import Candidate

from ..models import CatalogueEntry, Stage
from ..queries import SIZES, SORTS, catalogue_page, history_of
from ..queries import card as card_of
from ..services import may_decide


@require_GET
def architecture_list(request: TeamRequest) -> HttpResponse:
    """List the team's architectures; the address has filter, sort and page."""
    context = {
        "catalogue": catalogue_page(request.team, request.GET),
        "stages": Stage.choices,
        "sorts": SORTS,
        "sizes": SIZES,
    }
    return render(request, "architectures/list.html", context)


@require_GET
def architecture_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show one entry: graph, measurements, provenance, stage and history."""
    entry = team_object_or_404(request, CatalogueEntry, pk)
    candidate = Candidate.objects.filter(entries=entry).select_related("run").first()
    context = {
        **card_of(entry),
        "candidate": candidate,
        "text": text_of(entry.architecture),
        "architecture_json": json.dumps(entry.architecture, indent=1, ensure_ascii=False),
        "story": history_of(entry),
        "may_decide": may_decide(request.user, entry),
    }
    return render(request, "architectures/detail.html", context)

"""The overview, and the health check for monitoring."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from webapp.accounts.middleware import team_not_required
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest

from .health import broker_answers, database_answers
from .search import search
from .summary import summary


@require_GET
def overview(request: TeamRequest) -> HttpResponse:
    """Show the overview; for htmx only the part that changes."""
    context = {
        **summary(request.team),
        "may_launch": may(request.user, "launch", request.team),
    }
    template = "overview/now.html" if request.htmx else "overview/overview.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_GET
def search_hits(request: TeamRequest) -> HttpResponse:
    """Return the hits of a search in the current team, as markup for the dialog."""
    text = request.GET.get("text", "")
    context = {"found": search(request.team, text), "text": text}
    return render(request, "parts/search_hits.html", context)


@login_not_required
@team_not_required
@require_GET
def healthz(request: TeamRequest) -> JsonResponse:
    """Return 200 if the database answers, so that pages can be served; the broker is reported."""
    database = database_answers()
    answer = {
        "status": "ok" if database else "no database",
        "database": database,
        "broker": broker_answers(),
    }
    response = JsonResponse(answer, status=200 if database else 503)
    response["Cache-Control"] = "no-store"
    return response

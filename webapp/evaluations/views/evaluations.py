"""The list of evaluations, and its figures as files."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest

from ..queries import SIZES, SORTS, evaluation_table, export_rows
from ..results import results_csv, results_json


@require_GET
def evaluation_list(request: TeamRequest) -> HttpResponse:
    """List the team's evaluations by protocol; the address has filter, sort and page."""
    context = {
        "table": evaluation_table(request.team, request.GET),
        "sizes": SIZES,
        "sorts": SORTS,
        "may_launch": may(request.user, "launch", request.team),
    }
    template = "evaluations/parts/table.html" if request.htmx else "evaluations/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_GET
def evaluation_results_json(request: TeamRequest) -> JsonResponse:
    """Return the figures of the evaluations that the filters keep, by protocol."""
    groups = export_rows(request.team, request.GET)
    return JsonResponse(results_json(groups), json_dumps_params={"allow_nan": False})


@require_GET
def evaluation_results_csv(request: TeamRequest) -> HttpResponse:
    """Return the same as a table with columns of its own for every protocol."""
    text = results_csv(export_rows(request.team, request.GET))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="evaluations.csv"'
    return response

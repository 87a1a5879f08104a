"""Benchmark tables of a team: the list, and one table."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.tables.labels import decisions_of, fit_words, space_settings, warnings_of
from webapp.tables.models import BenchmarkTable
from webapp.tables.queries import (
    imports_of,
    names_of,
    objectives_of,
    own_space_of,
    searches_of,
    tables_of,
)

PAGE = 25
MAX_RUNS = 8
MAX_IMPORTS = 10


@require_GET
def table_list(request: TeamRequest) -> HttpResponse:
    """List the team's tables, the newest version of each name first."""
    page = Paginator(tables_of(request.team), PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "table": table,
            "fit": fit_words(table),
            "objectives": names_of(table),
            "searches": searches_of(table),
        }
        for table in page.object_list
    ]
    context = {
        "page": page,
        "rows": rows,
        "imports": imports_of(request.team)[:MAX_IMPORTS],
        "may_import": may(request.user, "import", request.team),
        "may_launch": may(request.user, "launch", request.team),
    }
    return render(request, "tables/list.html", context)


@require_GET
def table_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show one table: its objectives, the result of the import, and the runs on it."""
    table = team_object_or_404(request, BenchmarkTable, pk)
    newest = BenchmarkTable.objects.filter(team=table.team, name=table.name).latest("version")
    runs = table.runs.defer("spec", "strategy_state", "view", "front")
    context = {
        "table": table,
        "newest": newest,
        "fit": fit_words(table),
        "space_settings": space_settings(table),
        "warnings": warnings_of(table),
        "decisions": decisions_of(table),
        "own_space": own_space_of(table),
        "objectives": [
            {"dataset": dataset, "rows": objectives_of(table, dataset)}
            for dataset in table.datasets
        ],
        "searches": searches_of(table),
        "runs": runs.order_by("-pk")[:MAX_RUNS],
        "run_count": runs.count(),
        "may_launch": may(request.user, "launch", table.team),
    }
    return render(request, "tables/detail.html", context)

"""Benchmark tables of a team: the list, one table, and the import form."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.uploads import accepts_uploads
from webapp.limits import MAX_FORM_BYTES, MEGABYTE

from .forms import ImportForm
from .labels import fit_words, space_settings, warnings_of
from .models import BenchmarkTable
from .queries import names_of, objectives_of, searches_of, tables_of

PAGE = 25
MAX_RUNS = 8


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


@accepts_uploads(lambda: settings.TABLE_MEGABYTES * MEGABYTE + MAX_FORM_BYTES)
@require_http_methods(["GET", "POST"])
def table_new(request: TeamRequest) -> HttpResponse:
    """Show the import form; a POST imports, or shows it with every message next to its field."""
    check_may_here(request, "import", "Importing tables")
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    result = form.imported(request.team, request.user) if form.is_bound else None
    if result is None:
        return render(request, "tables/new.html", {"form": form})
    verb = "is imported" if result.new else "was imported before with the same rows and mapping"
    messages.success(request, f"{result.table} {verb}.")
    return redirect("table-detail", result.table.pk)

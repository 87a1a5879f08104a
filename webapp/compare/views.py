"""The page that compares runs, and the parts that it loads on demand."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.permissions import teams_of
from webapp.accounts.requests import TeamRequest

from .choices import choices
from .comparison import compare_runs
from .differing import difference_of_candidates, offered_candidates
from .operations import operations_by_group
from .options import Options, read_options, requested_runs
from .page import compare_context
from .selection import MAX_RUNS, Selection, select_runs


@require_GET
def compare(request: TeamRequest) -> HttpResponse:
    """Compare the runs that the address names, as far as this person may see them."""
    options, selection = _selected(request)
    runs, text = selection.runs, request.GET.get("text", "")
    context: dict[str, Any] = {
        **compare_context(runs, options),
        "options": options,
        "query": request.GET.urlencode(),
        "left_out": selection.left_out,
        "beyond": selection.beyond,
        "most": MAX_RUNS,
        "candidates": offered_candidates(runs),
        # A page of chosen runs loads the others once they are asked for.
        "choices": None if runs and not text else choices(request.team, request.user, text),
        "chosen": {run.pk for run in runs},
    }
    return render(request, "compare/compare.html", context)


@require_GET
def compare_choices(request: TeamRequest) -> HttpResponse:
    """Show the runs that match a text, for htmx."""
    chosen, _ = requested_runs(request.GET.getlist("runs"))
    found = choices(request.team, request.user, request.GET.get("text", ""))
    context = {"choices": found, "chosen": set(chosen)}
    return render(request, "compare/parts/choices.html", context)


@require_GET
def compare_attainment(request: TeamRequest) -> HttpResponse:
    """Return the attainment bands on two axes, for the plot of fronts."""
    options, selection = _selected(request)
    found = compare_runs(selection.runs, options.by, options.unit, options.axes)
    return JsonResponse({"attainment": found.data["attainment"]})


@require_GET
def compare_operations(request: TeamRequest) -> HttpResponse:
    """Show how often each group's front candidates have each operation, for htmx."""
    options, selection = _selected(request)
    table = operations_by_group(selection.runs, options.by)
    return render(request, "compare/parts/operations.html", {"table": table})


@require_GET
def compare_difference(request: TeamRequest) -> HttpResponse:
    """Show the difference of two candidates of the compared runs, for htmx."""
    _, selection = _selected(request)
    runs = {run.pk: run for run in selection.runs}
    first, second = request.GET.get("first", ""), request.GET.get("second", "")
    context = {"compared": difference_of_candidates(runs, first, second)}
    return render(request, "compare/parts/difference.html", context)


def _selected(request: TeamRequest) -> tuple[Options, Selection]:
    options = read_options(request.GET)
    return options, select_runs(teams_of(request.user), request.team, options, request.user)

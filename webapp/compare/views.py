"""The page that compares runs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.permissions import teams_of
from webapp.accounts.requests import TeamRequest
from webapp.runs.models import Run
from webapp.runs.numbers import value_text
from webapp.runs.queries import runs_of

from .comparison import comparison
from .differences import differences

MAX_RUNS = 200
OFFERED = 100


@require_GET
def compare(request: TeamRequest) -> HttpResponse:
    """Compare the runs that the address names, as far as this person may see them."""
    requested, unread = requested_runs(request.GET.getlist("runs"))
    beyond = requested[MAX_RUNS:]
    requested = requested[:MAX_RUNS]
    visible = Run.objects.filter(pk__in=requested, team__in=teams_of(request.user)).select_related(
        "team"
    )
    by_number = {run.pk: run for run in visible.defer("strategy_state", "view", "front")}
    runs = [by_number[pk] for pk in requested if pk in by_number]
    rows, same = differences([run.spec for run in runs])
    data = comparison(runs)
    context = {
        "runs": runs,
        "data": data,
        "reference_words": reference_words(data),
        "pairs": list(zip(runs, data["runs"], strict=True)),
        "rows": rows,
        "same": same,
        "left_out": [*unread, *(str(pk) for pk in requested if pk not in by_number)],
        "beyond": len(beyond),
        "most": MAX_RUNS,
        "offered": runs_of(request.team)[:OFFERED],
        "chosen": set(by_number),
    }
    return render(request, "compare/compare.html", context)


def requested_runs(texts: list[str]) -> tuple[list[int], list[str]]:
    """Return the numbers in "1,2" or repeated parameters, each once, and what is not a number."""
    numbers: dict[int, None] = {}
    unread: dict[str, None] = {}
    for part in ",".join(texts).split(","):
        text = part.strip()
        if text.isascii() and text.isdigit() and len(text) <= 18:
            numbers[int(text)] = None
        elif text:
            unread[text[:20]] = None
    return list(numbers), list(unread)[:10]


def reference_words(data: dict[str, Any]) -> list[str]:
    """Return the reference point as texts such as "error 9.90 %"."""
    pairs = zip(data["goals"], data["reference"] or [], strict=False)
    return [f"{g['name']} {value_text(g['name'], value, g['unit'])}" for g, value in pairs]

"""The page that lays runs over one another."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.permissions import teams_of
from webapp.runs.models import Run
from webapp.runs.numbers import value_text
from webapp.runs.queries import runs_of

from .comparison import comparison
from .differences import differences

MAX_RUNS = 200
OFFERED = 100


@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """The runs that the address names, as far as the person may see them."""
    asked, unread = asked_runs(request.GET.getlist("runs"))
    beyond = asked[MAX_RUNS:]
    asked = asked[:MAX_RUNS]
    seen = Run.objects.filter(pk__in=asked, team__in=teams_of(request.user)).select_related("team")
    found = {run.pk: run for run in seen.defer("strategy_state", "view", "front")}
    runs = [found[pk] for pk in asked if pk in found]
    rows, same = differences([run.spec for run in runs])
    data = comparison(runs)
    context = {
        "runs": runs,
        "data": data,
        "reference_words": reference_words(data),
        "pairs": list(zip(runs, data["runs"], strict=True)),
        "rows": rows,
        "same": same,
        "left_out": [*unread, *(str(pk) for pk in asked if pk not in found)],
        "beyond": len(beyond),
        "most": MAX_RUNS,
        "offered": runs_of(request.team)[:OFFERED],
        "chosen": set(found),
    }
    return render(request, "compare/compare.html", context)


def asked_runs(texts: list[str]) -> tuple[list[int], list[str]]:
    """Numbers from "1,2" or repeated parameters, each once; and what is no number."""
    numbers: dict[int, None] = {}
    unread: dict[str, None] = {}
    for part in ",".join(texts).split(","):
        word = part.strip()
        if word.isascii() and word.isdigit() and len(word) <= 18:
            numbers[int(word)] = None
        elif word:
            unread[word[:20]] = None
    return list(numbers), list(unread)[:10]


def reference_words(data: dict[str, Any]) -> list[str]:
    """The reference point as "error 9.90 %", one text an objective."""
    pairs = zip(data["goals"], data["reference"] or [], strict=False)
    return [f"{g['name']} {value_text(g['name'], value, g['unit'])}" for g, value in pairs]

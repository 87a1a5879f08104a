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

from .choices import choices
from .comparison import comparison
from .differences import MISSING, differences, flattened

MAX_RUNS = 200


@require_GET
def compare(request: TeamRequest) -> HttpResponse:
    """Compare the runs that the address names, as far as this person may see them."""
    requested, unread = requested_runs(request.GET.getlist("runs"))
    beyond = requested[MAX_RUNS:]
    requested = requested[:MAX_RUNS]
    visible = Run.objects.filter(pk__in=requested, team__in=teams_of(request.user)).select_related(
        "team", "study"
    )
    by_number = {run.pk: run for run in visible.defer("strategy_state", "view", "front")}
    runs = [by_number[pk] for pk in requested if pk in by_number]
    data = comparison(runs)
    by_key = dict(zip((run.pk for run in runs), data["runs"], strict=True))
    groups = [
        {
            **group,
            "members": [
                {"run": by_number[pk], "name": name, "result": by_key[pk]}
                for pk, name in zip(group["runs"], group["names"], strict=True)
            ],
        }
        for group in data["groups"]
    ]
    rows, same = differences([common_spec(group["members"]) for group in groups])
    context = {
        "runs": runs,
        "data": data,
        "reference_words": reference_words(data),
        "groups": groups,
        "rows": rows,
        "same": same,
        "left_out": [*unread, *(str(pk) for pk in requested if pk not in by_number)],
        "beyond": len(beyond),
        "most": MAX_RUNS,
        "choices": choices(request.team, request.GET.get("text", "")),
        "chosen": set(by_number),
    }
    return render(request, "compare/compare.html", context)


@require_GET
def compare_choices(request: TeamRequest) -> HttpResponse:
    """Show the runs that match a text, for htmx."""
    chosen, _ = requested_runs(request.GET.getlist("runs"))
    found = choices(request.team, request.GET.get("text", ""))
    context = {"choices": found, "chosen": set(chosen)}
    return render(request, "compare/parts/choices.html", context)


def common_spec(members: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the settings of a group: its values where its runs differ are one text."""
    specs = [member["run"].spec for member in members]
    if len(specs) == 1:
        return specs[0]
    flat = [dict(flattened(spec)) for spec in specs]
    common: dict[str, Any] = {}
    for name in dict.fromkeys(name for settings in flat for name in settings):
        texts = list(dict.fromkeys(settings.get(name, MISSING) for settings in flat))
        common[name] = texts[0] if len(texts) == 1 else f"{len(texts)} values"
    return common


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

"""The whole state of a run's page at one moment, for view, API and tests."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from webapp.events.models import Event
from webapp.runs.models import OPEN_CANDIDATES, Candidate, Run
from webapp.runs.queries import best_of, candidate_rows, row_of_run

LOG_LINES = 100
LAST_CURVES = 5


def snapshot(run: Run) -> dict[str, Any]:
    """The run with everything its page shows, as JSON; nine queries for any number.

    `seq` is read first: rows may be newer than it, never older, and applying an event
    twice does no harm. `curves` holds the learning curves of what runs, of the last few
    that ended and of the best; the others are fetched when they are looked at.
    """
    run.refresh_from_db()
    seq = run.seq
    return {
        "seq": seq,
        "run": row_of_run(run),
        "candidates": candidate_rows(run),
        "curves": _curves(run),
        "front": {
            "numbers": run.front.get("numbers", []),
            "reference": run.front.get("reference"),
            "curve": run.front.get("curve", []),
        },
        "method": {"kind": run.view.get("kind", ""), "view": run.view.get("view", {})},
        "log": _log(run),
    }


def _curves(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Number (as text, as JSON has it) -> curve."""
    ended = Candidate.objects.filter(run=run, ended_order__isnull=False).exclude(curve=[])
    shown = list(ended.order_by("-ended_order").values_list("pk", flat=True)[:LAST_CURVES])
    best = best_of(run)
    chosen = Q(state__in=OPEN_CANDIDATES) | Q(pk__in=[*shown, best.pk if best else 0])
    rows = Candidate.objects.filter(chosen, run=run).exclude(curve=[]).order_by("number")
    return {str(number): curve for number, curve in rows.values_list("number", "curve")}


def _log(run: Run) -> list[dict[str, Any]]:
    """The newest lines, oldest first, each with its number and time."""
    lines = Event.objects.filter(run=run, kind="log").order_by("-seq")[:LOG_LINES]
    return [{"seq": e.seq, "at": e.at.isoformat(), **e.item} for e in reversed(lines)]

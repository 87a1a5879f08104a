"""The state of a run's page at one moment, as JSON for views and tests."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from webapp.events.models import Event
from webapp.runs.models import OPEN_CANDIDATES, CandidateState, Run
from webapp.runs.queries import row_of_run

from .columns import candidate_columns

LOG_LINES = 100
LAST_CURVES = 5
MAX_SUPERNET_CURVES = 200  # supernet training steps, which the page joins to one curve


def snapshot(run: Run) -> dict[str, Any]:
    """Return everything the scripts of the page know of a run.

    The number of queries does not depend on the number of candidates, and the size is bounded: see
    columns.py. `seq` is read first, so
    rows may be newer than it, never older; applying an event twice changes nothing. `curves`
    has the learning curves of open candidates, of the last few that ended, of the best and of
    supernet training steps; the drawer fetches the others.
    """
    run = Run.objects.defer("strategy_state", "epochs_state", "proxy_state").get(pk=run.pk)
    row = row_of_run(run)
    return {
        "seq": run.seq,
        "run": row,
        "candidates": candidate_columns(run, [goal["name"] for goal in row["goals"]]),
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
    """Return candidate number (as text, because JSON has no other keys) -> learning curve."""
    ended = run.candidates.filter(ended_order__isnull=False).exclude(curve=[])
    newest = ended.order_by("-ended_order").values_list("number", flat=True)
    last = list(newest.exclude(state=CandidateState.TRAINED)[:LAST_CURVES])
    last += newest.filter(state=CandidateState.TRAINED)[:MAX_SUPERNET_CURVES]
    shown = Q(state__in=OPEN_CANDIDATES) | Q(number__in=last) | Q(number=run.best)
    rows = run.candidates.filter(shown).exclude(curve=[]).order_by("number")
    return {str(number): curve for number, curve in rows.values_list("number", "curve")}


def _log(run: Run) -> list[dict[str, Any]]:
    """Return the newest lines, oldest first, each with its number and time."""
    lines = Event.objects.filter(run=run, kind="log").order_by("-seq")[:LOG_LINES]
    return [{"seq": e.seq, "at": e.at.isoformat(), **e.item} for e in reversed(lines)]

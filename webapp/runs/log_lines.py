"""The log of a run in parts: lines of a candidate or a level, page by page into the past."""

from __future__ import annotations

from typing import Any

from webapp.events.models import Event

from .models import Run

LINES = 200
LEVELS = ("info", "warning", "error")


def log_lines(
    run: Run, before: int | None = None, number: int | None = None, level: str = ""
) -> dict[str, Any]:
    """Return up to `LINES` lines, oldest first, and whether there are older ones.

    Args:
        run: the run.
        before: number of an event; only earlier lines. None: the newest ones.
        number: only lines about this candidate.
        level: only lines of this level or a worse one.
    """
    lines = Event.objects.filter(run=run, kind="log")
    if before is not None:
        lines = lines.filter(seq__lt=before)
    if number is not None:
        lines = lines.filter(item__number=number)
    if level in LEVELS:
        lines = lines.filter(item__level__in=LEVELS[LEVELS.index(level) :])
    found = list(lines.order_by("-seq")[: LINES + 1])
    shown = [{"seq": e.seq, "at": e.at.isoformat(), **e.item} for e in reversed(found[:LINES])]
    return {"lines": shown, "more": len(found) > LINES}

"""Stored events as short texts, for the list on the run page."""

from __future__ import annotations

from typing import Any

from webapp.events.models import Event
from webapp.runs.models import Run

SHOWN = 100


def last_events(run: Run) -> list[dict[str, Any]]:
    """Return the newest events, newest first, each with number, time, kind and text."""
    events = Event.objects.filter(run=run).order_by("-seq")[:SHOWN]
    return [
        {"seq": e.seq, "at": e.at, "kind": e.kind, "text": event_text(e.kind, e.item)}
        for e in events
    ]


def event_text(kind: str, item: dict[str, Any]) -> str:
    """Describe an event; an event kind of a newer version is described by its name."""
    describe = TEXTS.get(kind)
    return describe(item) if describe else kind


def _run(item: dict[str, Any]) -> str:
    reason = f": {item['reason']}" if item.get("reason") else ""
    return f"{item['state']}, {item['told']} of {item['budget']} candidates evaluated{reason}"


def _candidate(item: dict[str, Any]) -> str:
    reason = f": {item['reason']}" if item.get("reason") else ""
    return f"#{item['number']} {item['state']}{reason}"


def _progress(item: dict[str, Any]) -> str:
    curve = item.get("curve") or [{}]
    return f"#{item['number']} finished epoch {curve[-1].get('epoch', '–')}"


def _front(item: dict[str, Any]) -> str:
    point = item.get("point") or {}
    return f"{len(item['numbers'])} on the front after {point.get('told', '–')} candidates"


def _log(item: dict[str, Any]) -> str:
    return f"{item['level']}: {item['text']}"


TEXTS = {
    "run": _run,
    "candidate": _candidate,
    "progress": _progress,
    "front": _front,
    "method": lambda item: f"view of the method: {item.get('kind') or 'changed'}",
    "log": _log,
}

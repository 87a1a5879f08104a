"""Stored events in a few words, for the list on the run's page."""

from __future__ import annotations

from typing import Any

from webapp.events.models import Event
from webapp.runs.models import Run

SHOWN = 100


def last_events(run: Run) -> list[dict[str, Any]]:
    """The newest events, newest first, each with its number, time, kind and words."""
    events = Event.objects.filter(run=run).order_by("-seq")[:SHOWN]
    return [
        {"seq": e.seq, "at": e.at, "kind": e.kind, "text": event_text(e.kind, e.item)}
        for e in events
    ]


def event_text(kind: str, item: dict[str, Any]) -> str:
    """What an event says, in a few words; its kind alone if it is of a newer version."""
    say = WORDS.get(kind)
    return say(item) if say else kind


def _run(item: dict[str, Any]) -> str:
    reason = f": {item['reason']}" if item.get("reason") else ""
    return f"{item['state']}, {item['told']} of {item['budget']} candidates evaluated{reason}"


def _candidate(item: dict[str, Any]) -> str:
    reason = f": {item['reason']}" if item.get("reason") else ""
    return f"#{item['number']} {item['state']}{reason}"


def _progress(item: dict[str, Any]) -> str:
    curve = item.get("curve") or [{}]
    return f"#{item['number']} ended epoch {curve[-1].get('epoch', '–')}"


def _front(item: dict[str, Any]) -> str:
    point = item.get("point") or {}
    return f"{len(item['numbers'])} on the front after {point.get('told', '–')} candidates"


def _log(item: dict[str, Any]) -> str:
    return f"{item['level']}: {item['text']}"


WORDS = {
    "run": _run,
    "candidate": _candidate,
    "progress": _progress,
    "front": _front,
    "method": lambda item: f"the method's own view: {item.get('kind') or 'changed'}",
    "log": _log,
}

"""The difference of two entries: one drawing, a sentence, and the change of each cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.difference import difference
from webapp.runs.numbers import MISSING

from .models import CatalogueEntry


@dataclass(frozen=True)
class Compared:
    """How an entry differs from another one."""

    other: CatalogueEntry
    sentence: str
    graph: dict[str, Any] | None
    settings: list[tuple[str, Any, Any]]
    costs: list[dict[str, Any]]


def compared(other: CatalogueEntry, entry: CatalogueEntry) -> Compared:
    """Return what distinguishes `entry` from `other`."""
    costs = _costs(other, entry)
    change = ", ".join(f"{cost['objective']} {cost['change']}" for cost in costs)
    try:
        found = difference(*(Architecture.from_json(e.architecture) for e in (other, entry)))
    except EngineError as error:
        return Compared(other, f"They cannot be compared: {error}.", None, [], costs)
    if found is None:
        text = f"{other.architecture['space']} and {entry.architecture['space']}"
        return Compared(other, f"They are of different spaces: {text}.", None, [], costs)
    sentence = found.sentence.removesuffix(".")
    sentence = f"{sentence}; {change}." if change else f"{sentence}."
    return Compared(other, sentence, found.graph, found.settings, costs)


def _costs(other: CatalogueEntry, entry: CatalogueEntry) -> list[dict[str, Any]]:
    """Return the measured values that both entries have, by the same method."""
    before = {(m["objective"], m["method"]): m for m in other.measurements}
    rows = []
    for now in entry.measurements:
        was = before.get((now["objective"], now["method"]))
        if was is not None:
            change = _change(was["value"], now["value"])
            rows.append({"objective": now["objective"], "was": was, "now": now, "change": change})
    return rows


def _change(was: float, now: float) -> str:
    """Return a relative change in percent, as "+4 %"."""
    if was == now:
        return "+0 %"
    return f"{100 * (now - was) / abs(was):+.3g} %" if was else MISSING

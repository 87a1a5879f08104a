"""Cards (GPUs) of the machines, as the heartbeats of their workers report them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .workers import WorkerRow

NOT_SAMPLED = "its worker has not reported its cards: it runs an older version or has just started"


@dataclass
class CardRow:
    """One card.

    Attributes:
        host: the machine that it is in.
        values: what NVML reported, see workers/cards.py; a value may be missing.
        workers: the names of the workers that see it.
    """

    host: str
    values: dict[str, Any]
    workers: list[str] = field(default_factory=list)

    @property
    def memory_share(self) -> float | None:
        """The share of its memory that is used, from 0 to 1."""
        used, total = self.values.get("memory_used"), self.values.get("memory_total")
        return used / total if used is not None and total else None


def card_rows(rows: Iterable[WorkerRow]) -> list[CardRow]:
    """Return every card once, by machine and number."""
    cards: dict[tuple[str, str], CardRow] = {}
    for row in rows:
        for values in row.facts.get("cards", []):
            key = (row.slot.host, str(values.get("uuid") or values.get("index")))
            card = cards.setdefault(key, CardRow(row.slot.host, values))
            card.workers.append(row.slot.name)
    return sorted(cards.values(), key=lambda card: (card.host, card.values.get("index", 0)))


def machines_without_cards(rows: Iterable[WorkerRow]) -> dict[str, str]:
    """Return why no card of a machine is shown, by machine."""
    reasons: dict[str, str] = {}
    with_cards = {row.slot.host for row in rows if row.facts.get("cards")}
    for row in rows:
        if row.slot.role == "evaluation" and row.slot.host not in with_cards:
            reasons[row.slot.host] = row.facts.get("cards_missing", NOT_SAMPLED)
    return reasons

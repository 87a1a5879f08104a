"""Notices of a training about its checkpoints; see the engine's Progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_CURVE_POINTS, MAX_REASON
from webapp.runs.leased import Leased

LEVELS = ("info", "warning")
AGAIN = "; queued again"  # end of the reason of a job that lost its worker


@dataclass(frozen=True)
class Notice:
    """A notice of a training.

    Attributes:
        text: for people; "" if a checkpoint was stored as usual.
        level: "info" or "warning".
        kept: epochs that a new checkpoint keeps; 0 if none was stored.
        curve: the epochs with which the training starts, if an earlier attempt was found.
    """

    text: str
    level: str
    kept: int
    curve: list[dict[str, Any]] | None

    @classmethod
    def of_point(cls, point: dict[str, Any], lost: str) -> Notice:
        """Return the notice in a report; `lost` is why an earlier worker lost the work."""
        text, curve = clean_text(str(point.get("notice", ""))), point.get("curve")
        if lost and curve is not None:
            text = f"{text} ({lost.removesuffix(AGAIN)})"
        level = point.get("level")
        return cls(
            text=text[:MAX_REASON],
            level=level if level in LEVELS else LEVELS[0],
            kept=int(point.get("kept") or point.get("resumed") or 0),
            curve=None if curve is None else clean_json(curve[:MAX_CURVE_POINTS]),
        )

    def columns(self, work: Leased) -> dict[str, Any]:
        """Return the columns of the work that change.

        A checkpoint that keeps more epochs than any before is progress: the workers that were
        lost until then do not count as attempts.
        """
        columns: dict[str, Any] = {}
        if self.kept > work.kept_epochs:
            columns |= {"kept_epochs": self.kept, "attempts": 1}
        if self.curve is not None:
            columns |= {"curve": self.curve, "reason": self.text}
        return columns


def is_notice(point: dict[str, Any]) -> bool:
    """Return whether a report is a notice and not an epoch."""
    return "notice" in point or "kept" in point

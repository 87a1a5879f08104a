"""Event: one numbered change of a run."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One change of a run, as the whole new item; only `recorder` inserts events.

    `seq` counts from 1 within the run and commits in order. docs/events.md lists the kinds and
    their items.
    """

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now())  # the database's clock, so that all processes agree
    item = models.JSONField()

    class Meta:
        ordering = ["run", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="event_seq_once")]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.seq} {self.kind}"

    def to_json(self) -> dict[str, Any]:
        """Return the event as it is sent to the page."""
        return {"seq": self.seq, "kind": self.kind, "at": self.at.isoformat(), "item": self.item}

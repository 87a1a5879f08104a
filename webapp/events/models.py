"""Event: one numbered change of a run, stored, then announced."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """What changed, as the whole new item. Inserted by `recorder.record` alone.

    `seq` counts from 1 within the run and commits in order. Kinds and their items are
    listed in docs/events.md.
    """

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now())  # the database's clock, the same for all
    item = models.JSONField()

    class Meta:
        ordering = ["run", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="event_seq_once")]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.seq} {self.kind}"

    def to_json(self) -> dict:
        """The event as it travels to the page."""
        return {"seq": self.seq, "kind": self.kind, "at": self.at.isoformat(), "item": self.item}

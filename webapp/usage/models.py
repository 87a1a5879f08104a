"""The time that workers spent for each team, and how much of it a team or person may use."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models


class Usage(models.Model):
    """The time of one claim: from its start to its end, whether or not it had a result.

    A trigger of the database inserts the row when a claim ends (migration 0002_record_usage), so no
    path of the code can leave one out or count one twice.

    Attributes:
        kind: what was claimed: candidate, training or export.
        object_id: its key.
        fence: the fencing token of the claim.
        run: the run of a candidate; null once the run is deleted.
        device: the name of the card, or "cpu".
        threads: processor threads of the worker.
        joules: energy from the counter of the card; null: it is modelled from the time.
    """

    kind = models.CharField(max_length=12)
    object_id = models.BigIntegerField()
    fence = models.PositiveIntegerField()
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    run = models.ForeignKey(
        "runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="usage"
    )
    device = models.CharField(max_length=120)
    is_gpu = models.BooleanField()
    threads = models.PositiveIntegerField(default=1)
    seconds = models.FloatField()
    joules = models.FloatField(null=True, blank=True)
    started_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "usage"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "fence"], name="one_usage_of_each_claim"
            )
        ]
        indexes = [models.Index(fields=["team", "started_at"], name="usage_of_team")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}: {self.seconds:.1f} s"


class Quota(models.Model):
    """A limit of a team, or of one person in it; a launch above it is refused.

    Attributes:
        user: the person; null limits the whole team.
        gpu_hours: hours on GPUs in a calendar month (UTC); null: no limit.
        active_runs: runs that may be active at once; null: no limit.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="quotas")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="quotas",
        help_text="Leave empty to limit the whole team.",
    )
    gpu_hours = models.FloatField(
        "GPU hours a month", null=True, blank=True, validators=[MinValueValidator(0)]
    )
    active_runs = models.PositiveIntegerField("active runs at once", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "user"], name="one_quota_of_each", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"quota of {self.user or self.team}"

"""Jobs of workers for the predictors of devices: choose networks, export them, fit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from webapp.devices.models import Predictor
from webapp.jobs.models import OPEN_JOBS, Job


class Step(models.TextChoices):
    """The task of a job. Jobs that choose or export end with requests to the device's agent."""

    CHOOSE = "choose", "Choose networks and export them"
    MEASURE = "measure", "Export networks"
    FIT = "fit", "Fit to the measurements"


class PredictorJob(Job):
    """One step of a predictor; see `Job` for its state.

    `networks` are the ids of the architectures that are to be measured: given, or chosen by the
    job. `inputs` are the measurements and the number of networks that a fit has read.
    """

    team_path = "team"

    team = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, related_name="predictor_jobs"
    )
    predictor = models.ForeignKey(Predictor, on_delete=models.CASCADE, related_name="jobs")
    step = models.CharField(max_length=10, choices=Step.choices)
    networks = models.JSONField(default=list, blank=True)
    inputs = models.JSONField(default=dict, blank=True)

    class Meta(Job.Meta):
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["predictor"],
                condition=Q(state__in=OPEN_JOBS),
                name="one_open_predictor_job",
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} of the {self.predictor}"

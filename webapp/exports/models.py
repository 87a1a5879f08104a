"""Exports of trained networks to the file formats of devices, as jobs."""

from __future__ import annotations

from django.db import models

from webapp.devices.models import Measurement
from webapp.evaluations.models import Training
from webapp.jobs.models import Job


class Export(Job):
    """One trained network as an archive for one target; see `Job` for its state.

    `archive` is the name of the file in the export's folder, "" before it is stored, and
    `folder` the part of that folder that belongs to the claim which wrote it. `report` is the
    deployment report of the engine: size, latency, difference from the trained network.
    `measurements` are those of its ONNX files by device agents.
    """

    team_path = "team"

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="exports")
    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="exports")
    target = models.CharField(max_length=40)
    settings = models.JSONField(default=dict, blank=True)
    folder = models.CharField(max_length=40, blank=True)
    archive = models.CharField(max_length=200, blank=True)
    archive_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    archive_sha256 = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    measurements = models.ManyToManyField(Measurement, blank=True, related_name="exports")

    class Meta(Job.Meta):
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"export {self.pk} to {self.target}"

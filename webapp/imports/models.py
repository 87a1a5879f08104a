"""Runs that other tools recorded, and the uploads they come from."""

from __future__ import annotations

from django.db import models

from webapp.uploads.models import UploadJob


class ImportedRun(models.Model):
    """Where an imported run comes from; the same content is imported once by a team.

    Attributes:
        source: the tool: "optuna", "mlflow", "tensorboard", "wandb" or "csv".
        digest: SHA-256 of everything that was imported.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    run = models.OneToOneField("runs.Run", on_delete=models.CASCADE, related_name="imported_from")
    source = models.CharField(max_length=20)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["team", "digest"], name="imported_run_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.file_name}"


class RunImport(UploadJob):
    """An uploaded file on its way to runs.

    Attributes:
        numbers: the runs of the file, those that were imported before included.
        new_count: how many of them are new.
    """

    numbers = models.JSONField(default=list)
    new_count = models.PositiveIntegerField(default=0)

    class Meta(UploadJob.Meta):
        verbose_name = "import of runs"

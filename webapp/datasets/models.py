"""Data sets that teams uploaded for their searches, and the uploads in progress."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from nasengine.core.data_report import DataReport
from nasengine.core.pinned import MAX_NAME_LENGTH
from nasengine.data.common.registered import RegisteredData
from webapp.limits import MAX_NOTE
from webapp.uploads.models import UploadJob


class TeamData(models.Model):
    """One version of an uploaded data set; its content never changes, so a run keeps its version.

    Uploading a name again creates the next `version`.

    Attributes:
        digest: SHA-256 of the names and contents of its files; the place of the content in
            `PARETOSCOPE_DATASETS_STORAGE`.
        source: the data set of the engine that reads it: "images" or "text".
        config: settings of that data set which fit the content; without the path.
        report: the engine's DataReport as JSON.
        file_name: the uploaded file.
        size_bytes: size of the content.
        archived_at: when it was taken off the lists and the launch form; null if it is there.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="data")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, db_index=True)
    source = models.CharField(max_length=40)
    config = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict)
    file_name = models.CharField(max_length=200)
    files = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    note = models.CharField(max_length=MAX_NOTE, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "-version"]
        verbose_name = "data set"
        constraints = [
            models.UniqueConstraint(fields=["team", "name", "version"], name="data_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def fixed(self) -> RegisteredData:
        """The engine's name of exactly this content."""
        return RegisteredData(self.name, self.digest)

    @property
    def shown_report(self) -> DataReport:
        """The report, for pages."""
        return DataReport.from_json(self.report)

    @property
    def form_values(self) -> dict[str, Any]:
        """Values of the launch form: the newest version by its name, and the settings."""
        values = {"path": RegisteredData(self.name).path, **self.config}
        return {"dataset": self.source} | {f"dataset_config.{n}": v for n, v in values.items()}


class DataUpload(UploadJob):
    """An uploaded file on its way to a TeamData; the file is in the place `upload_place`.

    Attributes:
        has_file: whether the file is still stored.
        data: the data set, once it is stored.
    """

    has_file = models.BooleanField(default=True)
    data = models.ForeignKey(TeamData, null=True, on_delete=models.SET_NULL)

    class Meta(UploadJob.Meta):
        verbose_name = "upload"

"""Benchmark tables that teams imported for searches on them, and the imports in progress."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from nasengine.estimators.tables.imported import ImportedTable
from webapp.limits import MAX_NOTE
from webapp.uploads.models import OPEN_IMPORTS, ImportState, UploadJob

__all__ = ["OPEN_IMPORTS", "BenchmarkTable", "ImportState", "TableImport"]


class TableManager(models.Manager["BenchmarkTable"]):
    """Does not load the content of a table unless it is read."""

    def get_queryset(self) -> models.QuerySet[BenchmarkTable]:
        return super().get_queryset().defer("content")


class BenchmarkTable(models.Model):
    """One version of an imported table; it never changes, so a run keeps its version.

    Importing a name again creates the next `version`.

    Attributes:
        content: the canonical CSV, compressed with gzip; `digest` is the SHA-256 of the CSV.
        columns, report, architecture: settings of the engine's estimator `table`; without
            `columns` the table has the layout of NAS-Bench-201.
        datasets: the names that a run may give as its data set.
        space: the engine's space of the rows, or "".
        space_config: the space's settings in the measurement; others may have any value.
        objectives: a list of {dataset, name, unit, better, column, rows}.
        findings: what the import found in the rows.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="tables")
    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    space = models.CharField(max_length=40, blank=True)
    space_config = models.JSONField(default=dict, blank=True)
    datasets = ArrayField(models.CharField(max_length=40), default=list)
    columns = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    report = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    architecture = models.CharField(max_length=1000)
    header = ArrayField(models.CharField(max_length=100), default=list)
    rows = models.PositiveIntegerField()
    objectives = models.JSONField(default=list)
    findings = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, db_index=True)
    size_bytes = models.PositiveBigIntegerField()
    content = models.BinaryField()
    note = models.CharField(max_length=MAX_NOTE, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TableManager()

    class Meta:
        ordering = ["name", "-version"]
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["team", "name", "version"], name="table_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def fixed(self) -> ImportedTable:
        """The engine's name of exactly these rows."""
        return ImportedTable(self.name, self.digest)

    @property
    def fit(self) -> dict[str, Any] | None:
        """How many rows are architectures of the space; None if no space is named."""
        return self.findings.get("fit")


class ImportManager(models.Manager["TableImport"]):
    """Does not load the uploaded file unless it is read."""

    def get_queryset(self) -> models.QuerySet[TableImport]:
        return super().get_queryset().defer("content")


class TableImport(UploadJob):
    """An uploaded file on its way to a BenchmarkTable.

    Attributes:
        content: the file, compressed with gzip; None once the table is stored or the import is
            too old to be tried again.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="imports")
    content = models.BinaryField(null=True)
    table = models.ForeignKey(BenchmarkTable, null=True, on_delete=models.SET_NULL)

    objects = ImportManager()

    class Meta(UploadJob.Meta):
        base_manager_name = "objects"

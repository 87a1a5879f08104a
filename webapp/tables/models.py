"""BenchmarkTable: measurements of architectures that a team imported, to search on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from nasengine.estimators.tables.imported import ImportedTable


class TableManager(models.Manager):
    """Leaves the rows of a table in the database until somebody asks for them."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().defer("content")


class BenchmarkTable(models.Model):
    """One imported table; it never changes, so a run keeps the one it was launched with.

    A name imported anew makes the next `version`. `content` is the canonical CSV, gzip'd, and
    `digest` the SHA-256 of what it unpacks to. `columns`, `report` and `architecture` are the
    settings of the engine's estimator `table`; without `columns` it is NAS-Bench-201's own.
    `datasets` are the words a run may name as its data set, `space` the engine's space or "".
    `objectives` lists {dataset, name, unit, better, column, rows}, `findings` what the import
    saw in the rows.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="tables")
    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    space = models.CharField(max_length=40, blank=True)
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
    note = models.CharField(max_length=300, blank=True)
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
        """The engine's word for exactly these rows."""
        return ImportedTable(self.name, self.digest)

    @property
    def fit(self) -> dict[str, Any] | None:
        """How many of the architectures are ones of the space; None where no space is named."""
        return self.findings.get("fit")

"""Catalogue entries: the architectures that a team keeps, their stages, versions and aliases."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from webapp.jobs.models import Job
from webapp.limits import MAX_ALIAS, MAX_NAME, MAX_REASON, MAX_TAG


class Stage(models.TextChoices):
    """Stage of an entry; services/moves.py has the moves between them and who may make them."""

    PROPOSED = "proposed"
    SHORTLISTED = "shortlisted"
    APPROVED = "approved"
    DEPLOYED = "deployed"
    RETIRED = "retired"
    REJECTED = "rejected"


USABLE = (Stage.APPROVED, Stage.DEPLOYED)
WAITING = (Stage.PROPOSED, Stage.SHORTLISTED)


class CatalogueEntry(models.Model):
    """An architecture that a team keeps, with its origin, stage and history.

    `canonical_id` is equal for isomorphic architectures; a team keeps an architecture once.
    `measurements` is a copy of the candidate's measurements, and `source` names its run, parents,
    seed, data and code version, so that the entry stays complete if the run is deleted.
    `proposal` is why it was proposed, in the words of `proposed_by`.

    Entries of one line are versions of each other: `first_version` is the first of them, null for
    that entry itself, and the highest `version` supersedes the others.

    `network` is the table of the whole network, and `check_report` what the last rebuild found;
    both come from a worker (services/checks.py). `check_passed` is null before the first check.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="entries")
    name = models.CharField(max_length=MAX_NAME)
    architecture = models.JSONField()
    architecture_id = models.CharField(max_length=64)
    canonical_id = models.CharField(max_length=64, blank=True)
    candidate = models.ForeignKey(
        "runs.Candidate", null=True, blank=True, on_delete=models.SET_NULL, related_name="entries"
    )
    source = models.JSONField(default=dict, blank=True)
    measurements = models.JSONField(default=list, blank=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.PROPOSED)
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    note = models.TextField(blank=True)
    proposal = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=MAX_TAG), default=list, blank=True)
    first_version = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="later_versions"
    )
    version = models.PositiveIntegerField(default=1)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="kept"
    )
    kept_at = models.DateTimeField(auto_now_add=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="proposed",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="decided",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    network = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_passed = models.BooleanField(null=True, blank=True)
    check_report = models.JSONField(default=dict, blank=True)
    history = HistoricalRecords(
        excluded_fields=["network", "checked_at", "check_passed", "check_report"]
    )

    class Meta:
        ordering = ["-kept_at"]
        verbose_name_plural = "catalogue entries"
        constraints = [
            models.UniqueConstraint(fields=["team", "architecture_id"], name="kept_once_a_team")
        ]
        indexes = [models.Index(fields=["team", "canonical_id"], name="entries_by_canonical_id")]

    def __str__(self) -> str:
        return self.name

    @property
    def line(self) -> int:
        """The key of the first version of this entry."""
        return self.first_version_id or self.pk


class Alias(models.Model):
    """A name that points at one entry of a team and can be moved to another, such as `champion`."""

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="aliases")
    name = models.SlugField(max_length=MAX_ALIAS)
    entry = models.ForeignKey(CatalogueEntry, on_delete=models.CASCADE, related_name="aliases")
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    moved_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "aliases"
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="alias_once_a_team")]

    def __str__(self) -> str:
        return self.name


class EntryCheck(Job):
    """A rebuild of an entry by a worker: counts, the table of its network, outputs.

    `report` is what the worker found, as in `CatalogueEntry.check_report`; {} before.
    """

    team_path = "entry__team"

    entry = models.ForeignKey(CatalogueEntry, on_delete=models.CASCADE, related_name="checks")
    report = models.JSONField(default=dict, blank=True)

    class Meta(Job.Meta):
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_open_check_an_entry",
            )
        ]

    def __str__(self) -> str:
        return f"check {self.pk} of entry {self.entry_id}"

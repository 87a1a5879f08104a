"""Every table of a search: spaces, data sets, devices, studies, runs, candidates."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

FINITE = Q(value__gt=float("-inf")) & Q(value__lt=float("inf"))  # PostgreSQL sorts NaN last


class Space(models.Model):
    """A named parameterisation of an engine space; without a team it is everybody's."""

    team = models.ForeignKey("accounts.Team", null=True, blank=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    engine_space = models.CharField(max_length=40)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"], name="space_name_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name


class SpaceVersion(models.Model):
    """One version of a space; a run keeps the version it was launched with."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    config = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["space", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["space", "number"], name="space_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.space} v{self.number}"


class DataSet(models.Model):
    """A data set a team can search on; `source` is the engine's name of it."""

    team = models.ForeignKey("accounts.Team", null=True, blank=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    source = models.CharField(max_length=40)
    config = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"], name="data_set_name_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """Where a cost is measured or modelled: a queue and a profile."""

    name = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=120, blank=True)
    queue = models.CharField(max_length=40, default="cpu")
    profile = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Study(models.Model):
    """Runs that belong together: one question, several seeds or methods.

    `question` is what it is to find out, in words; `plan` what was launched: the shared
    question, each method with its settings, and the seeds.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE)
    name = models.CharField(max_length=120)
    question = models.TextField(blank=True)
    plan = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "studies"
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="study_name_once")]

    def __str__(self) -> str:
        return self.name


class RunState(models.TextChoices):
    """Where a run stands; pause keeps it resumable, stop lets what runs finish."""

    DRAFT = "draft"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


ENDED_RUNS = (RunState.STOPPED, RunState.FINISHED, RunState.FAILED)


class Run(models.Model):
    """One search: a fold over numbered asks and tells.

    `spec` is the engine's SearchSpec as JSON. `seq` counts its events, `asked` and
    `told` its fold; `strategy_state` is the snapshot of that fold. `view` is the
    method's own view, `front` the numbers on the front with the hypervolume curve.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="runs")
    study = models.ForeignKey(
        Study, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    name = models.CharField(max_length=120)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    space_version = models.ForeignKey(SpaceVersion, null=True, on_delete=models.PROTECT)
    data_set = models.ForeignKey(DataSet, null=True, on_delete=models.PROTECT)
    data_digest = models.CharField(max_length=64, blank=True)
    benchmark_table = models.ForeignKey(
        "tables.BenchmarkTable",
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="runs",
    )
    strategy = models.CharField(max_length=40, db_index=True)
    spec = models.JSONField()
    seed = models.BigIntegerField(default=0)
    candidate_budget = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=RunState.choices, default=RunState.QUEUED, db_index=True
    )
    reason = models.CharField(max_length=500, blank=True)
    seq = models.BigIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    strategy_state = models.JSONField(null=True, blank=True)
    view = models.JSONField(default=dict, blank=True)
    front = models.JSONField(default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    note = models.TextField(blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


class CandidateState(models.TextChoices):
    """How a candidate stands; `lost` means its worker died and it is queued again.

    `trained` ones are steps of a shared network, no architectures: they are measured by nothing.
    """

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    TRAINED = "trained"
    PRUNED = "pruned"
    DIVERGED = "diverged"
    FAILED = "failed"
    LOST = "lost"
    CANCELLED = "cancelled"


OPEN_CANDIDATES = (CandidateState.QUEUED, CandidateState.RUNNING, CandidateState.LOST)
WAITING_CANDIDATES = (CandidateState.QUEUED, CandidateState.LOST)


class Candidate(models.Model):
    """One numbered proposal in a run.

    A worker holds it by a lease (`slot`, `lease_until`) and a fencing number `fence`
    that grows with every claim: what comes from an older fence is refused. `attempts`
    counts the claims that were not given back, `cancel_asked` tells the worker to give up.
    `curve` is one object an epoch and `progress_seq` the event that carries it;
    `ended_order` numbers the endings within the run. `findings` is what a step of a shared
    network found out, for its strategy. Times are the database's own.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="candidates")
    number = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=CandidateState.choices, default=CandidateState.QUEUED
    )
    reason = models.CharField(max_length=500, blank=True)
    proposal = models.JSONField()
    architecture_id = models.CharField(max_length=64, db_index=True)
    parents = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    origin = models.CharField(max_length=40, blank=True)
    queue = models.CharField(max_length=40, default="cpu")
    slot = models.ForeignKey(
        "WorkerSlot", null=True, blank=True, on_delete=models.SET_NULL, related_name="candidates"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    curve = models.JSONField(default=list, blank=True)
    progress_seq = models.BigIntegerField(null=True, blank=True)
    findings = models.JSONField(default=dict, blank=True)
    violation = models.FloatField(null=True, blank=True)
    ended_order = models.PositiveIntegerField(null=True, blank=True)
    told = models.BooleanField(default=False)
    queued_at = models.DateTimeField(db_default=Now(), editable=False)
    rung_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="candidate_number_once"),
            models.UniqueConstraint(fields=["run", "ended_order"], name="ended_order_once"),
        ]
        indexes = [
            models.Index(
                fields=["queue", "queued_at"],
                condition=Q(state__in=["queued", "lost"]),
                name="candidates_waiting",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="running"), name="candidates_leased"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.run_id} candidate {self.number}"


class Measurement(models.Model):
    """A number of a candidate with unit, device, method, repetitions and spread."""

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="measurements")
    objective = models.CharField(max_length=60)
    value = models.FloatField()
    unit = models.CharField(max_length=20, blank=True)
    device = models.CharField(max_length=40, blank=True)
    method = models.CharField(max_length=12)
    repetitions = models.PositiveIntegerField(default=1)
    spread = models.FloatField(null=True, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["candidate", "objective"]
        constraints = [
            models.UniqueConstraint(fields=["candidate", "objective"], name="one_value_each"),
            models.CheckConstraint(condition=FINITE, name="measurement_is_finite"),
        ]

    def __str__(self) -> str:
        return f"{self.objective} {self.value:g} {self.unit}"


class WorkerSlot(models.Model):
    """One evaluation process: it holds at most one candidate at a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=120)
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    role = models.CharField(max_length=12, default="evaluation")  # or "coordinator"
    queues = ArrayField(models.CharField(max_length=40), default=list)
    facts = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    last_seen = models.DateTimeField(db_default=Now())
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_seen"]

    def __str__(self) -> str:
        return self.name


class Artefact(models.Model):
    """A file that belongs to a run or one of its candidates."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artefacts")
    candidate = models.ForeignKey(
        Candidate, null=True, blank=True, on_delete=models.CASCADE, related_name="artefacts"
    )
    kind = models.CharField(max_length=40)
    path = models.CharField(max_length=500)
    digest = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["run", "kind"]

    def __str__(self) -> str:
        return f"{self.kind} of run {self.run_id}"

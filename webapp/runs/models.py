"""The tables of a search: spaces, data sets, devices, studies, runs, candidates, workers."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Now
from simple_history.models import HistoricalRecords

from webapp.common.queue_names import DEFAULT_QUEUE
from webapp.limits import MAX_NAME, MAX_NOTE, MAX_REASON, MAX_TAG
from webapp.runs.leased import Leased, Priority

# The name of a run's first objective, and the value of its best candidate for it.
FIRST_OBJECTIVE = KeyTextTransform("0", KeyTransform("objectives", "spec"))
BEST_VALUE = Cast(
    Func(F("best_values"), FIRST_OBJECTIVE, function="jsonb_extract_path_text"), models.FloatField()
)
FINITE = Q(value__gt=float("-inf")) & Q(value__lt=float("inf"))  # PostgreSQL sorts NaN last


class Space(models.Model):
    """A named search space with versioned settings; without a team it is shared by all teams."""

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
    """One version of a space's settings; it never changes, and a run keeps its version."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    config = models.JSONField(default=dict)
    note = models.CharField(max_length=MAX_NOTE, blank=True)
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
    """A data set with its settings that a team searches on; without a team all teams share it.

    `source` is its name in the engine's catalogue, or the name that a benchmark table gives it.
    `facts` and `digest` describe the data themselves; they are empty until the data were read.
    `uploaded` is the team's data set that its path names; it stays while a run needs it.
    """

    team = models.ForeignKey("accounts.Team", null=True, blank=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    source = models.CharField(max_length=40)
    config = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    uploaded = models.ForeignKey(
        "datasets.TeamData",
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="data_sets",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"], name="data_set_name_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name


class TeamPreset(models.Model):
    """Settings of the form of runs or of studies that a team has saved under a name.

    `text` is the form as YAML, so that everything typed is kept, wrong values too.
    """

    class Kind(models.TextChoices):
        RUN = "run", "Run"
        STUDY = "study", "Study"

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="presets")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.RUN)
    name = models.CharField(max_length=MAX_NAME)
    text = models.TextField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "kind", "name"], name="preset_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """A device that costs are measured on or modelled for: its queue and its profile."""

    name = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=120, blank=True)
    queue = models.CharField(max_length=40, default=DEFAULT_QUEUE)
    profile = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Study(models.Model):
    """Runs that belong together: the same search with several methods and seeds.

    `question` is the question that the study answers, in words. `plan` is what was launched:
    the search settings that all runs share, each method with its settings, and the seeds.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE)
    name = models.CharField(max_length=MAX_NAME)
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
    """State of a run. A paused run can be resumed; a stopping run ends after its last candidate."""

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
    """One search: a strategy and its numbered ask and tell steps.

    Set at launch: `spec` is the engine's SearchSpec as JSON, `space_version` and `data_set` the
    team's rows of its space and data, `objectives` its resolved objectives as a list of
    {name, kind, device, better, unit}, `data_report` the engine's DataReport as JSON ({} if the
    server did not have the data), `environment` the code and packages that launched it.

    Changed by each step: `asked` and `told` count the steps, `strategy_state` is the strategy's
    snapshot, `view` its own view, `front` the front with the hypervolume curve (see
    services/front.py). `best` is the number of the best candidate that has ended (see
    services/best.py), `seq` the number of the newest event.

    `rested_at` is when the run was paused or ended, null while it works; `rested_seconds` adds
    up earlier rests, which a resumed run or one with a raised budget has.

    `best_values` maps the objectives to the values of the best candidate; it is empty if there is
    none or if that violates a constraint. Filters, sorting and columns of lists read it.

    `reason` explains why the run is paused, stopped, finished or failed. `note` is Markdown. An
    archived run is in no list unless its filter asks for it.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="runs")
    study = models.ForeignKey(
        Study, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    name = models.CharField(max_length=MAX_NAME)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    # RESTRICT: a space or data set in use stays, but a team can be deleted with its runs.
    space_version = models.ForeignKey(SpaceVersion, on_delete=models.RESTRICT, related_name="runs")
    data_set = models.ForeignKey(DataSet, on_delete=models.RESTRICT, related_name="runs")
    data_digest = models.CharField(max_length=64, blank=True)
    data_report = models.JSONField(default=dict, blank=True)
    environment = models.JSONField(default=dict, blank=True)
    benchmark_table = models.ForeignKey(
        "tables.BenchmarkTable",
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="runs",
    )
    strategy = models.CharField(max_length=40, db_index=True)
    spec = models.JSONField()
    # Runs with the same settings apart from the seed have the same key (see shared_settings.py).
    settings_key = models.GeneratedField(
        expression=Func(
            F("spec"), template="hashtextextended((%(expressions)s - 'seed'::text)::text, 0)"
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    objectives = models.JSONField(default=list, blank=True)
    seed = models.BigIntegerField(default=0)
    candidate_budget = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=RunState.choices, default=RunState.QUEUED, db_index=True
    )
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    seq = models.BigIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    # Told candidates that violate a constraint and were not trained: not part of the budget.
    pruned = models.PositiveIntegerField(default=0)
    strategy_state = models.JSONField(null=True, blank=True)
    # Trainings in parts (see nasengine.fidelity), and how many parts were handed out.
    epochs_state = models.JSONField(null=True, blank=True)
    parts = models.PositiveIntegerField(default=0)
    # Failed candidates whose retry was asked for, and how many retries were proposed so far.
    retries_waiting = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    retried = models.PositiveIntegerField(default=0)
    # The targets that the search was steered to (see services/steering.py), the newest last.
    steering = models.JSONField(default=list, blank=True)
    # The filter by a proxy (see nasengine.screening).
    proxy_state = models.JSONField(null=True, blank=True)
    view = models.JSONField(default=dict, blank=True)
    front = models.JSONField(default=dict, blank=True)
    best = models.PositiveIntegerField(null=True, blank=True)
    best_values = models.JSONField(default=dict, blank=True)
    # To sort lists: reading them from JSON reads the long settings of every run.
    first_objective = models.GeneratedField(
        expression=FIRST_OBJECTIVE, output_field=models.TextField(null=True), db_persist=True
    )
    best_value = models.GeneratedField(
        expression=BEST_VALUE, output_field=models.FloatField(null=True), db_persist=True
    )
    tags = ArrayField(models.CharField(max_length=MAX_TAG), default=list, blank=True)
    note = models.TextField(blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    rested_at = models.DateTimeField(null=True, blank=True)
    rested_seconds = models.FloatField(default=0)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="runs_of_team_by_age"),
            models.Index(  # to count and fold the runs of studies without reading the wide rows
                fields=["team", "study", "id", "created_at"],
                condition=Q(archived_at=None),
                name="runs_of_team_by_study",
            ),
            models.Index(fields=["settings_key", "id"], name="runs_by_settings"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.name}"

    @property
    def budget_used(self) -> int:
        """Return how many told candidates count towards the budget.

        A retry counts in place of its original.
        """
        return max(0, self.told - self.pruned - self.retried)

    @property
    def budget_proposed(self) -> int:
        """Return how many proposals count towards the budget, as long as they are not pruned."""
        return self.asked - self.retried


class Star(models.Model):
    """A run that a person has marked; only this person sees it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="stars")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["user", "run"], name="star_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.run_id}"


class CandidateState(models.TextChoices):
    """State of a candidate.

    `lost`: its worker died, so it is queued again. `trained`: a supernet training step, which is
    not an architecture and has no measurements. `paused`: it was trained in part and may go on;
    no worker holds it. `stopped`: stopped early, a paused candidate that never goes on.
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
    PAUSED = "paused"
    STOPPED = "stopped"


OPEN_CANDIDATES = (
    CandidateState.QUEUED,
    CandidateState.RUNNING,
    CandidateState.LOST,
    CandidateState.PAUSED,
)
WAITING_CANDIDATES = (CandidateState.QUEUED, CandidateState.LOST)


class Candidate(Leased):
    """One numbered proposal of a run and its evaluation; a worker claims it.

    `curve` has one object per epoch, `progress_seq` is the number of the event that carries it.
    `epochs`, `seconds` and `gpu_seconds` are what its evaluation cost (see the engine's Outcome),
    `joules` the energy of its last claim from the card's counter; a cost that was not measured is
    null.
    `ended_order` numbers the ended candidates of the run; `told` is true once the strategy has
    the outcome. `findings` is the result of a supernet training step, for the strategy, or the
    predictions of curve extrapolation.

    In a search that trains in parts, `until` is the epoch up to which its current part trains,
    `part` numbers the parts of the run in the order in which they were handed out, `part_open` is
    true until the run has taken the end of the part, and `training` is how far it has come.
    """

    team_path = "run__team"

    # Other indexes begin with the run. With one of the run only, PostgreSQL reads the wide rows for
    # a sum of costs.
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="candidates", db_index=False
    )
    number = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=CandidateState.choices, default=CandidateState.QUEUED
    )
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    proposal = models.JSONField()
    architecture_id = models.CharField(max_length=64, db_index=True)
    parents = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    origin = models.CharField(max_length=40, blank=True)
    retry_of = models.PositiveIntegerField(null=True, blank=True)  # number of the failed candidate
    slot = models.ForeignKey(
        "WorkerSlot", null=True, blank=True, on_delete=models.SET_NULL, related_name="candidates"
    )
    curve = models.JSONField(default=list, blank=True)
    progress_seq = models.BigIntegerField(null=True, blank=True)
    findings = models.JSONField(default=dict, blank=True)
    violation = models.FloatField(null=True, blank=True)
    epochs = models.FloatField(default=0)
    seconds = models.FloatField(null=True, blank=True)
    gpu_seconds = models.FloatField(null=True, blank=True)
    joules = models.FloatField(null=True, blank=True)
    until = models.PositiveIntegerField(null=True, blank=True)
    part = models.PositiveIntegerField(null=True, blank=True)
    part_open = models.BooleanField(default=False)
    training = models.JSONField(default=dict, blank=True)
    ended_order = models.PositiveIntegerField(null=True, blank=True)
    told = models.BooleanField(default=False)

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="candidate_number_once"),
            models.UniqueConstraint(fields=["run", "ended_order"], name="ended_order_once"),
            models.UniqueConstraint(
                fields=["run", "retry_of"],
                condition=Q(retry_of__isnull=False),
                name="candidate_retried_once",
            ),
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
            models.Index(fields=["run", "state"], name="candidates_of_run_by_state"),
            models.Index(fields=["run", "started_at"], name="candidates_of_run_by_start"),
            models.Index(  # sums of costs for lists of runs, without reading the wide rows
                fields=["run"],
                include=["epochs", "seconds", "gpu_seconds"],
                name="candidates_of_run_by_cost",
            ),
            models.Index(
                fields=["ended_at"],
                include=["run", "started_at"],
                condition=Q(slot__isnull=False),
                name="candidates_of_workers_by_end",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.run_id} candidate {self.number}"


class Measurement(models.Model):
    """One measured value of a candidate with unit, device, method, repetitions and spread."""

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


class DeviceWait(models.Model):
    """A trained candidate that waits for the agents of its devices; its worker is free again.

    `outcome` is the engine's Outcome as JSON without the values of the devices. `awaited` maps
    each objective to {"measurement": key of the device's measurement or null, "modelled": the
    engine's Measurement as JSON or null, "why": why there is none}. The candidate is in the queue
    of the first device that it waits for.
    """

    candidate = models.OneToOneField(
        Candidate, on_delete=models.CASCADE, related_name="device_wait"
    )
    outcome = models.JSONField()
    awaited = models.JSONField()
    measurements = models.ManyToManyField("devices.Measurement", related_name="waits")
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return f"{self.candidate} waits for its devices"


class RunLoad(models.Model):
    """The load of one worker while it worked for a run, in at most some hundred samples.

    A sample is [Unix time, processor in percent of one core, memory in bytes, cards in percent,
    their used memory in bytes, their power in watts]; see `services.loads.Sample`. When there are
    too many, every other one is dropped and `every_seconds` doubles.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="loads")
    worker = models.CharField(max_length=120)
    every_seconds = models.FloatField()
    samples = models.JSONField(default=list)

    class Meta:
        ordering = ["run", "worker"]
        constraints = [models.UniqueConstraint(fields=["run", "worker"], name="run_load_once")]

    def __str__(self) -> str:
        return f"load of {self.worker} in run {self.run_id}"


class WorkerSlot(models.Model):
    """One worker process: an evaluation worker (one candidate at a time) or a coordinator."""

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


class WorkerDrain(models.Model):
    """A drained worker: it finishes its work and claims nothing new until the row is deleted.

    The row belongs to a name, so a worker that starts again stays drained. Every claim checks it
    in its UPDATE (see services/leases.py). The history names who drained and resumed the worker.
    """

    name = models.CharField(max_length=120, unique=True)
    since = models.DateTimeField(db_default=Now(), editable=False)
    drained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

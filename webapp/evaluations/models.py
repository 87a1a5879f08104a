"""Full trainings of architectures under a protocol, one job for each seed."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from webapp.common.queue_names import DEFAULT_QUEUE
from webapp.jobs.models import Job
from webapp.limits import MAX_NAME, MAX_PROTOCOL_NAME


class Evaluation(models.Model):
    """One architecture trained under one protocol with several seeds.

    `canonical_id` is equal for isomorphic architectures. `source` says where the architecture is
    from: {"kind": "candidate", "run", "run_name", "number"}, {"kind": "network", "name"} or
    {"kind": "entry", "entry", "name"}; it stays when the run or entry is deleted.

    `job` is the engine's FinalJob as JSON, without a seed. `protocol` is the protocol with all
    resolved settings and the size of the network, as stored networks record it, and
    `protocol_name` its name, which says what was changed. Evaluations with the same
    `protocol_key` have the same protocol and data; only their figures are compared.

    `data_digest` is the SHA-256 of the data, "" before the first training has read them.
    `objective` (as "test_error"), `unit`, `mean` and `spread` (sample standard deviation over the
    seeds) are the main figure of the seeds that are done, null before the first one.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="evaluations")
    title = models.CharField(max_length=MAX_NAME)
    architecture = models.JSONField()
    canonical_id = models.CharField(max_length=64, db_index=True)
    candidate = models.ForeignKey(
        "runs.Candidate",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="evaluations",
    )
    source = models.JSONField(default=dict)
    job = models.JSONField()
    protocol = models.JSONField()
    protocol_name = models.CharField(max_length=MAX_PROTOCOL_NAME)
    protocol_key = models.CharField(max_length=12, db_index=True)
    dataset = models.CharField(max_length=40)
    dataset_config = models.JSONField(default=dict, blank=True)
    data_digest = models.CharField(max_length=64, blank=True)
    seeds = ArrayField(models.BigIntegerField())
    queue = models.CharField(max_length=40, default=DEFAULT_QUEUE)
    objective = models.CharField(max_length=60, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    mean = models.FloatField(null=True, blank=True)
    spread = models.FloatField(null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="evaluations",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    # Set by queries.with_state.
    state: str
    done: int

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="evaluations_of_team_by_age"),
            models.Index(fields=["team", "canonical_id"], name="evaluations_by_architecture"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.protocol_name})"

    @property
    def size(self) -> str:
        """The size of the trained network in words; empty if its space has no such settings."""
        sizes = [(self.protocol.get(f"{name}s"), name) for name in ("cell", "channel")]
        words = (f"{number} {name}{'s' * (number != 1)}" for number, name in sizes if number)
        return ", ".join(words)


class Training(Job):
    """The training of one seed; see `Job` for its state.

    `curve` has one object per epoch. `measurements` are those at the end of the training,
    `test_read_at` is when the test part was read for them: once. `network` describes the stored
    network: {"folder", "sha256", "bytes", "parameters"}; {} before it is stored.
    """

    team_path = "evaluation__team"

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="trainings")
    seed = models.BigIntegerField()
    curve = models.JSONField(default=list, blank=True)
    measurements = models.JSONField(default=list, blank=True)
    epochs = models.FloatField(default=0)
    seconds = models.FloatField(null=True, blank=True)
    network = models.JSONField(default=dict, blank=True)
    code_version = models.CharField(max_length=60, blank=True)
    test_read_at = models.DateTimeField(null=True, blank=True)

    class Meta(Job.Meta):
        ordering = ["evaluation", "seed"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "seed"], name="one_training_per_seed")
        ]

    def __str__(self) -> str:
        return f"evaluation {self.evaluation_id} seed {self.seed}"

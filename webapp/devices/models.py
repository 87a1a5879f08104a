"""Devices of teams that measure by a device agent, their tokens, and what they measured."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from webapp.limits import MAX_REASON

MAX_DEVICE_NAME = 40
DEVICE_NAME = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9_.-]*\Z",
    "must start with a letter or digit, then letters, digits, dots, hyphens and underscores",
)


class DeviceKind(models.TextChoices):
    """Kind of machine."""

    BOARD = "board", "Single-board computer or module"
    PHONE = "phone", "Phone or tablet"
    COMPUTER = "computer", "Desktop or server processor"
    GPU = "gpu", "Graphics processor"
    ACCELERATOR = "accelerator", "Accelerator, such as an NPU or FPGA"


class WhenAway(models.TextChoices):
    """Behavior of a run while the device of a candidate is away."""

    WAIT = "wait", "Wait until the device is back"
    MODEL = "model", "Use the predicted or modelled value, marked as such"


class Device(models.Model):
    """A device of a team: the NAME of latency@NAME in its runs.

    `profile` is the engine's device whose model gives values while the device is away.
    `facts` is what its agent reported: hardware, operating system, cores, memory, runtimes and
    energy sources. `clock_mhz` and `temperature_c` are the newest readings, null where the device
    has no sensor. `last_seen` is null until an agent has connected.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="devices")
    name = models.CharField(max_length=MAX_DEVICE_NAME, validators=[DEVICE_NAME])
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=DeviceKind.choices, default=DeviceKind.BOARD)
    when_away = models.CharField(max_length=5, choices=WhenAway.choices, default=WhenAway.WAIT)
    profile = models.CharField(max_length=MAX_DEVICE_NAME, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    agent_version = models.CharField(max_length=40, blank=True)
    clock_mhz = models.FloatField(null=True, blank=True)
    temperature_c = models.FloatField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="device_name_once_a_team")
        ]

    def __str__(self) -> str:
        return self.name


class DeviceToken(models.Model):
    """A token with which the agent of one device signs in; only its SHA-256 is stored.

    The text of a token is shown once. It has 256 random bits, so a fast hash is safe.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8, help_text="Last characters of the token.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="device_tokens",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="revoked_device_tokens",
    )

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"token ...{self.hint} of {self.device}"


class MeasurementState(models.TextChoices):
    """State of a measurement; one whose agent was lost is queued again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_MEASUREMENTS = (MeasurementState.QUEUED, MeasurementState.RUNNING)


class Measurement(models.Model):
    """One objective of one network on one device: work for its agent, then the result.

    Subject: `network` is the key of the network with its input (`network_key` of the
    engine), `architecture` the engine's Architecture as JSON with its id in `architecture_id`,
    `input_shape` is c x h x w, `batch` the inputs per pass. `onnx` is the name of the file in the
    place of device networks, `onnx_sha256` its digest.

    Claim: `lease_until` is the end of the agent's lease, `fence` the fencing token, which
    grows with every claim; results with an older token are refused. `attempts` counts claims.

    Result: `value` is the median of `samples` in `unit`, `low` and `high` its 95 % interval,
    `spread` half the interquartile range, `repetitions` how many samples were taken (`samples`
    keeps at most 1,000). `method` is the tier: measured, meter, counter, tabular, predicted or
    modelled. `layers` lists operators that fell back to another processor; `conditions` holds
    threads, warm-up, clock, temperature and whether idle power was taken off.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="measurements")
    objective = models.CharField(max_length=20)
    network = models.CharField(max_length=64, db_index=True)
    architecture = models.JSONField()
    architecture_id = models.CharField(max_length=64, db_index=True)
    input_shape = models.JSONField(default=list)
    classes = models.PositiveIntegerField()
    batch = models.PositiveIntegerField(default=1)
    onnx = models.CharField(max_length=200, blank=True)
    onnx_sha256 = models.CharField(max_length=64, blank=True)
    onnx_bytes = models.PositiveBigIntegerField(null=True, blank=True)

    state = models.CharField(
        max_length=10, choices=MeasurementState.choices, default=MeasurementState.QUEUED
    )
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    value = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    spread = models.FloatField(null=True, blank=True)
    repetitions = models.PositiveIntegerField(default=0)
    samples = models.JSONField(default=list, blank=True)
    method = models.CharField(max_length=12, blank=True)
    runtime = models.CharField(max_length=40, blank=True)
    runtime_version = models.CharField(max_length=40, blank=True)
    layers = models.JSONField(default=list, blank=True)
    conditions = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-queued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "network", "batch", "objective"],
                condition=Q(state__in=OPEN_MEASUREMENTS),
                name="one_open_measurement",
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | (Q(value__isnull=False, value__gt=float("-inf"), value__lt=float("inf"))),
                name="done_measurement_is_finite",
            ),
        ]
        indexes = [
            models.Index(
                fields=["device", "queued_at"],
                condition=Q(state="queued"),
                name="measurements_waiting",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="running"), name="measurements_leased"
            ),
            models.Index(
                fields=["device", "objective", "-ended_at"],
                condition=Q(state="done"),
                name="measurements_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.objective}@{self.device} of {self.network[:8]}"

    @property
    def is_open(self) -> bool:
        """Whether it waits or is being measured."""
        return self.state in OPEN_MEASUREMENTS


class Predictor(models.Model):
    """A predictor of the costs of the networks of one space on one device.

    `key` determines which runs its networks are from: those with the same space and data, with all
    their settings (see `predictors.key_of`). `space`, `space_config`, `dataset` and
    `dataset_config` are these settings. `costs` are the kinds of objectives that are measured and
    predicted, such as "latency". `measurements` are those that were requested for it; it is fitted
    to every measurement of such a network on the device. `input_shape` and `classes` are empty and
    0 until its first networks were chosen.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="predictors")
    key = models.CharField(max_length=64, db_index=True)
    space = models.CharField(max_length=40)
    space_config = models.JSONField(default=dict)
    dataset = models.CharField(max_length=40)
    dataset_config = models.JSONField(default=dict)
    costs = models.JSONField(default=list)
    input_shape = models.JSONField(default=list)
    classes = models.PositiveIntegerField(default=0)
    measurements = models.ManyToManyField(Measurement, related_name="predictors", blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["device", "key"], name="predictor_once_a_device")
        ]

    def __str__(self) -> str:
        return f"predictor of {self.space} on {self.device}"


class PredictorFit(models.Model):
    """One fit of a predictor to the measurements of one cost; the newest is the current one.

    `measured` are the keys of the measurements, `networks` how many have a value. `validation` and
    `fitted` are the engine's Validation and FittedPredictor as JSON, `versions` what they were made
    with. Values of older fits are deleted; the fits stay.
    """

    predictor = models.ForeignKey(Predictor, on_delete=models.CASCADE, related_name="fits")
    cost = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    unit = models.CharField(max_length=20)
    measured = models.JSONField(default=list)
    networks = models.PositiveIntegerField()
    validation = models.JSONField()
    fitted = models.JSONField()
    versions = models.JSONField(default=dict)
    is_current = models.BooleanField(default=True)
    fitted_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["predictor", "cost", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["predictor", "cost", "number"], name="fit_number_once"),
            models.UniqueConstraint(
                fields=["predictor", "cost"], condition=Q(is_current=True), name="one_current_fit"
            ),
        ]

    def __str__(self) -> str:
        return f"fit {self.number} of {self.cost}, {self.predictor}"


class PredictedCost(models.Model):
    """The value of one network by the current fit, with its 90 % interval.

    `method` is "predicted", or the tier of the measurement if the network itself was measured;
    the interval is then the 95 % one of the measured median.
    """

    fit = models.ForeignKey(PredictorFit, on_delete=models.CASCADE, related_name="values")
    architecture_id = models.CharField(max_length=64)
    value = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    method = models.CharField(max_length=12, default="predicted")

    class Meta:
        ordering = ["fit", "architecture_id"]
        constraints = [
            models.UniqueConstraint(fields=["fit", "architecture_id"], name="predicted_cost_once")
        ]

    def __str__(self) -> str:
        return f"{self.architecture_id[:8]}: {self.value:g}"


class NetworkDescription(models.Model):
    """Features of a network that need no measurement; computed once, by a worker.

    `key` is a hash of the network with its input and of the version of the description.
    """

    key = models.CharField(max_length=64, primary_key=True)
    content = models.JSONField()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key[:12]

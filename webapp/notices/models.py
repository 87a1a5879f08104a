"""Events, the choices of each person, webhooks, and deliveries."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from webapp.common.encryption import EncryptedField
from webapp.limits import MAX_REASON

MAX_MINUTES = 10_080  # a week
MAX_ADDRESS = 500
DEFAULT_MINUTES = 60


class Kind(models.TextChoices):
    """Kinds of events that people and webhooks may be notified of."""

    RUN_FINISHED = "run-finished", "A run finished or was stopped"
    RUN_FAILED = "run-failed", "A run failed"
    FRONT_IMPROVED = "front-improved", "The front of a run improved"
    NO_PROGRESS = "no-progress", "A run makes no progress"
    ENTRY_REVIEW = "entry-review", "An architecture awaits review"
    WORKER_LOST = "worker-lost", "A worker was lost"
    MENTION = "mention", "A teammate mentions me"
    COMMENT = "comment", "A teammate comments on my work or replies"


# Events for one person: `person` of the event. Webhooks do not get them.
PERSONAL = (Kind.MENTION, Kind.COMMENT)
TEAM_KINDS = [(kind.value, kind.label) for kind in Kind if kind not in PERSONAL]


class Place(models.TextChoices):
    """Where a notice is delivered outside the browser."""

    MAIL = "mail", "Mail"
    CHAT = "chat", "Chat"
    WEBHOOK = "webhook", "Webhook"


def minutes_field() -> models.PositiveIntegerField:
    """Return the column of the minutes without progress after which a run counts as stalled."""
    return models.PositiveIntegerField(
        default=DEFAULT_MINUTES,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_MINUTES)],
    )


class NoticeEvent(models.Model):
    """Something of which people or webhooks are notified; stored in the transaction of the change.

    Attributes:
        key: names what happened, so that it is stored once however often it is found.
        team: whose members are notified; null: every team.
        person: whose run or entry it is, or who is mentioned; null if no person is known.
        minutes: of a stalled run, for how long it made no progress.
        dispatched_at: when notices and deliveries were made of it; null until then.
    """

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    team = models.ForeignKey(
        "accounts.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    run = models.ForeignKey(
        "runs.Run", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    minutes = models.PositiveIntegerField(null=True, blank=True)
    text = models.CharField(max_length=MAX_REASON)
    link = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now())
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["id"], condition=Q(dispatched_at=None), name="events_to_dispatch")
        ]

    def __str__(self) -> str:
        return self.text


class NoticeSettings(models.Model):
    """Settings of all notices of a person.

    Attributes:
        every_run: of all runs of the person's teams, not only of the person's own.
        minutes: without progress, after which a run counts as stalled.
        chat_address: an address of apprise; encrypted, because it holds the secret of the chat.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_settings"
    )
    every_run = models.BooleanField(default=False)
    minutes = minutes_field()
    chat_address = EncryptedField(blank=True, default="")

    class Meta:
        verbose_name_plural = "notice settings"

    def __str__(self) -> str:
        return f"notices of {self.user}"


class NoticeChoice(models.Model):
    """Where a person is notified of one kind; without a row `services.choices.DEFAULTS` applies."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choices"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    browser = models.BooleanField(default=False)
    mail = models.BooleanField(default=False)
    chat = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_choice_for_each_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user}"


class ChatRule(models.Model):
    """The schemes of chat addresses that the owners of a team permit."""

    team = models.OneToOneField("accounts.Team", on_delete=models.CASCADE, related_name="chat_rule")
    schemes = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    def __str__(self) -> str:
        return f"chat schemes of {self.team}"


class Notice(models.Model):
    """A line in the list of a person's notices."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    event = models.ForeignKey(NoticeEvent, on_delete=models.CASCADE, related_name="notices")
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="one_notice_of_each")]
        indexes = [models.Index(fields=["user", "-id"], name="notices_of_user")]

    def __str__(self) -> str:
        return f"{self.user}: {self.event}"


class Webhook(models.Model):
    """An address of a team that gets a signed request for each event.

    Attributes:
        secret: the key of the signature; it is shown once, and stored encrypted to sign with it.
        kinds: the events that are sent.
        failures: attempts that failed since the last success.
        disabled_at: when it was disabled; null while it is used. `reason` says why.
    """

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=MAX_ADDRESS)
    secret = EncryptedField(editable=False)
    kinds = ArrayField(models.CharField(max_length=20, choices=Kind.choices), default=list)
    minutes = minutes_field()
    failures = models.PositiveIntegerField(default=0)
    disabled_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    """State of a delivery; one that waits is tried when it is due."""

    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"


class Delivery(models.Model):
    """One event on its way to one person's mail or chat, or to one webhook.

    Attributes:
        due_at: when it is tried next; a process that tries it moves it on first.
        code: the HTTP status of the last answer of a webhook.
        error: why the last attempt failed.
    """

    event = models.ForeignKey(NoticeEvent, on_delete=models.CASCADE, related_name="deliveries")
    place = models.CharField(max_length=8, choices=Place.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    webhook = models.ForeignKey(
        Webhook, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    state = models.CharField(
        max_length=8, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    tried_at = models.DateTimeField(null=True, blank=True)
    code = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=MAX_REASON, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "place", "user", "webhook"],
                name="one_delivery_of_each",
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="deliveries_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.event} by {self.place}"

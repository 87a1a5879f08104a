"""Tokens of people, and the keys under which programs launched runs."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Scope(models.TextChoices):
    """The actions that a token allows, at most those of its owner's role."""

    READ = "read", "read"
    WRITE = "write", "read, launch and control"


class ApiToken(models.Model):
    """A token of a person. Only the SHA-256 of its text is stored.

    Attributes:
        hint: the last characters of the text, so that people recognize the token.
        last_used: when it was last used, to within half a minute.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class LaunchKey(models.Model):
    """A launch by a program: the same key of the same person launches nothing a second time.

    Exactly one of `run`, `study`, `evaluation` and `export` is set: what was launched.

    Attributes:
        digest: SHA-256 of the request, so that a key of another request is refused.
    """

    class Kind(models.TextChoices):
        """Kind of a launch: the name of the column that is set."""

        RUN = "run"
        STUDY = "study"
        EVALUATION = "evaluation"
        EXPORT = "export"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    run = models.ForeignKey("runs.Run", null=True, on_delete=models.CASCADE, related_name="+")
    study = models.ForeignKey("runs.Study", null=True, on_delete=models.CASCADE, related_name="+")
    evaluation = models.ForeignKey(
        "evaluations.Evaluation", null=True, on_delete=models.CASCADE, related_name="+"
    )
    export = models.ForeignKey(
        "exports.Export", null=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="launch_key_once")]

    def __str__(self) -> str:
        return self.key

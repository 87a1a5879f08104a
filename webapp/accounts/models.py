"""Users, teams and memberships with roles."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from webapp.limits import MAX_REASON

MAX_WEIGHT = 100


class User(AbstractUser):
    """A user account; site administrators are superusers.

    Attributes:
        sign_outs: how often the user signed out everywhere; sessions of before are invalid.
    """

    sign_outs = models.PositiveIntegerField(default=0, editable=False)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return Django's hash of the password, which a sign-out everywhere changes too."""
        own: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if not self.sign_outs:
            return own  # as in earlier versions, so that their sessions stay valid
        return salted_hmac("accounts.sign_outs", f"{own}{self.sign_outs}").hexdigest()


class Team(models.Model):
    """A team of users who share runs, spaces, data sets and a catalogue."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    second_person = models.BooleanField(
        "approval by a second person",
        default=False,
        help_text="People cannot approve the architectures that they proposed themselves.",
    )
    weight = models.PositiveSmallIntegerField(
        "share of the workers",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_WEIGHT)],
        help_text="When several teams have work waiting, a team of weight 2 gets twice as much "
        "time on workers as a team of weight 1.",
    )
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weight__gte=1, weight__lte=MAX_WEIGHT), name="weight_in_range"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """Role of a member; each role includes the rights of the one before it."""

    VIEWER = "viewer", "Viewer"  # views
    RESEARCHER = "researcher", "Researcher"  # launches and controls runs, keeps architectures
    CURATOR = "curator", "Curator"  # promotes and rejects catalogue entries
    OWNER = "owner", "Owner"  # manages members


class Membership(models.Model):
    """Role of one user in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.RESEARCHER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_role_a_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.role}"


class Invitation(models.Model):
    """A link that adds one person to a team. Only the SHA-256 of its text is stored.

    Attributes:
        note: for whom it is, in the words of the person who created it.
        hint: the last characters of the link, so that owners recognize it.
        accepted_by: who used it; it cannot be used again, even if that account is deleted.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.RESEARCHER)
    note = models.CharField(max_length=80, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"invitation to {self.team} (…{self.hint})"


class AuditEntry(models.Model):
    """Who did what, and when; only `services.audit.record` inserts entries, nothing changes them.

    Attributes:
        team: the team whose owners see the entry; null if it concerns no team.
        who: the username at that time, which stays when the account is deleted.
        kind: one of the keys of `services.audit.KINDS`.
        text: what was done, in words, with the names of that time.
        link: the address of what was changed; "" if there is none.
        address: the IP address of the request; null without a request.
    """

    at = models.DateTimeField(db_default=Now())
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="audit_entries"
    )
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_entries"
    )
    who = models.CharField(max_length=150, blank=True)
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=MAX_REASON)
    link = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["team", "-id"], name="audit_of_team")]

    def __str__(self) -> str:
        return f"{self.who} {self.text}"

"""Users, teams and memberships with roles."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

MAX_WEIGHT = 100


class User(AbstractUser):
    """A user account; site administrators are superusers."""


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

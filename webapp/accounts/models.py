"""Users, teams and who may do what in them."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who signs in; a site administrator is a superuser."""


class Team(models.Model):
    """People who share runs, spaces, data sets and a catalogue."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do; each role may do what the one before it may."""

    VIEWER = "viewer", "Viewer"  # looks
    RESEARCHER = "researcher", "Researcher"  # launches, controls, keeps
    CURATOR = "curator", "Curator"  # promotes and rejects catalogue entries
    OWNER = "owner", "Owner"  # manages members


class Membership(models.Model):
    """One person's role in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.RESEARCHER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_role_a_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.role}"

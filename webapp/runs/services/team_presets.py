"""Presets of a team: save, rename."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from nasengine.core.text import shorten
from webapp.accounts.models import Team, User
from webapp.limits import MAX_NAME
from webapp.runs.models import TeamPreset

from .launch import text_error

MAX_PRESETS = 100  # of a team


class PresetRefused(Exception):
    """The preset cannot be saved; the text is for users."""


def save_preset(
    team: Team, user: User, name: str, text: str, kind: str = TeamPreset.Kind.RUN
) -> TeamPreset:
    """Store the settings of a form under a name that no other preset of its kind has.

    Raises:
        PresetRefused: the name is not allowed or taken, or the team has too many presets.
    """
    name = _checked(name)
    if TeamPreset.objects.filter(team=team).count() >= MAX_PRESETS:
        raise PresetRefused(f"{team} has {MAX_PRESETS} presets, the most that are kept: delete one")
    try:
        with transaction.atomic():
            return TeamPreset.objects.create(
                team=team, kind=kind, name=name, text=text, created_by=user
            )
    except IntegrityError:
        raise PresetRefused(_taken(name)) from None


def rename_preset(preset: TeamPreset, name: str) -> None:
    """Give a preset another name.

    Raises:
        PresetRefused: the name is not allowed or taken.
    """
    preset.name = _checked(name)
    try:
        with transaction.atomic():
            preset.save(update_fields=["name"])
    except IntegrityError:
        raise PresetRefused(_taken(preset.name)) from None


def _checked(name: str) -> str:
    if error := text_error(name, MAX_NAME):
        raise PresetRefused(f"The name of the preset {error}")
    return name.strip()


def _taken(name: str) -> str:
    return f"Your team has a preset {shorten(name)} already: choose another name"

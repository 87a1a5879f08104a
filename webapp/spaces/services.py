"""Adding a version to a team's space, or a new space with its first version."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.settings import from_mapping, to_mapping
from webapp.accounts.models import Team, User
from webapp.limits import MAX_NOTE
from webapp.runs.models import Space, SpaceVersion
from webapp.runs.services.launch import text_error

MAX_SPACE_NAME = 80


def add_version(
    team: Team,
    user: User | None,
    name: str,
    engine_space: str,
    config: dict[str, Any],
    *,
    note: str = "",
) -> tuple[SpaceVersion, bool]:
    """Store a version of the team's space of this name; the space is created if it is missing.

    Args:
        team: the team of the space.
        user: who adds it; None for the command line.
        name: the name of the space.
        engine_space: the space of the catalogue.
        config: its settings; those that are left out have their default.
        note: what is different, in words.

    Returns:
        The version, and whether it is new: equal settings are stored once.

    Raises:
        InvalidSettings: names every wrong value: name, space, space_config.NAME, note.
    """
    errors: dict[str, str] = {}
    if error := text_error(name, MAX_SPACE_NAME):
        errors["name"] = error
    if note and (error := text_error(note, MAX_NOTE)):
        errors["note"] = error
    try:
        cls = catalog.load("spaces", engine_space)
        settings = to_mapping(from_mapping(cls.Config, config))
        cls(from_mapping(cls.Config, settings))
    except InvalidSettings as error:
        errors |= {f"space_config.{path}": text for path, text in error.errors.items()}
    except EngineError as error:
        errors["space"] = str(error)
    if errors:
        raise InvalidSettings(errors)
    name = name.strip()
    with transaction.atomic():
        space, _ = Space.objects.get_or_create(
            team=team, name=name, defaults={"engine_space": engine_space}
        )
        Space.objects.select_for_update().get(pk=space.pk)
        if space.engine_space != engine_space:
            text = f"{name} is a space of {space.engine_space}: choose another name"
            raise InvalidSettings({"name": text})
        if same := space.versions.filter(config=settings).first():
            return same, False
        newest = space.versions.aggregate(newest=Max("number"))["newest"] or 0
        version = SpaceVersion.objects.create(
            space=space, number=newest + 1, config=settings, note=note.strip(), created_by=user
        )
    return version, True

"""Built-in rows of every installation: spaces, data sets and devices of the engine."""

from __future__ import annotations

import dataclasses

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.settings import to_mapping
from nasengine.objectives.common.device_files import devices
from webapp.runs.models import DataSet, Device, Space, SpaceVersion


def store_built_in() -> None:
    """Add missing rows; rows that exist keep the changes people made."""
    for name in catalog.names("spaces"):
        _space(name)
    for name in catalog.names("datasets"):
        _data_set(name)
    for name, file in devices().items():
        Device.objects.update_or_create(
            name=name,
            defaults={
                "title": file.summary,
                "queue": file.queue or "",
                "profile": dataclasses.asdict(file),
            },
        )


def _space(name: str) -> None:
    space_class = catalog.load("spaces", name)
    space, _ = Space.objects.get_or_create(
        team=None,
        name=name,
        defaults={
            "engine_space": name,
            "description": (space_class.__doc__ or "").strip().splitlines()[0],
        },
    )
    if not space.versions.exists():
        config = to_mapping(space_class.Config())
        SpaceVersion.objects.create(space=space, number=1, config=config, note="as shipped")


def _data_set(name: str) -> None:
    data_class = catalog.load("datasets", name)
    row, _ = DataSet.objects.get_or_create(
        team=None, name=name, defaults={"source": name, "config": to_mapping(data_class.Config())}
    )
    if row.digest:
        return
    try:
        facts = data_class(data_class.Config()).facts()
    except EngineError:
        return  # its files are not on this machine; a team may name a folder later
    row.facts = {**dataclasses.asdict(facts), "shape": list(facts.shape)}
    row.digest = facts.digest
    row.save(update_fields=["facts", "digest"])

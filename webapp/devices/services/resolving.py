"""The team's devices that search settings name, written into the settings."""

from __future__ import annotations

from dataclasses import replace

from nasengine.core.objective import split_name
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.assembly import is_lookup
from webapp.accounts.models import Team
from webapp.devices.models import Device


def with_devices(team: Team | None, spec: SearchSpec) -> SearchSpec:
    """Return the settings with the team's devices that their objectives name.

    A table that is looked up holds its own costs, so no device measures for it.
    """
    if team is None or is_lookup(spec):
        return replace(spec, devices={}) if spec.devices else spec
    texts = [name for name in spec.objectives if isinstance(name, str)]
    names = {device for _, device in map(split_name, texts) if device}
    rows = Device.objects.filter(team=team, name__in=names)
    devices = {row.name: {"batch": 1, "profile": row.profile} for row in rows}
    return replace(spec, devices=devices)

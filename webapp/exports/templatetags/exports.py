"""Template tags of exports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django import template

from webapp.devices.models import Measurement
from webapp.exports.models import Export
from webapp.exports.queries import measured_values
from webapp.exports.titles import target_title

register = template.Library()
register.filter("target_title", target_title)


@register.simple_tag
def with_measured(exports: Sequence[Export]) -> list[tuple[Export, list[Measurement]]]:
    """Return exports with what devices measured of them."""
    values = measured_values(exports)
    return [(export, values[export.pk]) for export in exports]


@register.filter
def any_open(measurements: Iterable[Measurement]) -> bool:
    """Return whether one of the measurements waits or is being made."""
    return any(measurement.is_open for measurement in measurements)


@register.filter
def file_name(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]

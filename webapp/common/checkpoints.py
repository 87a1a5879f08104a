"""Checkpoints of unfinished trainings, which other workers continue."""

from __future__ import annotations

import logging

from nasengine.core.storage import storage_at

log = logging.getLogger(__name__)


def remove_checkpoints(place: str) -> None:
    """Remove the checkpoints of a training that has ended; a sweep removes what is left."""
    try:
        storage_at(place).clear()
    except OSError as error:
        log.warning("checkpoints in %s not removed: %s", place, error)

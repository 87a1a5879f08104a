"""Deletion of unused files at intervals, by workers: only they are sure to see the folders."""

from __future__ import annotations

import logging
import threading

from django.db import connection

from webapp.datasets.services.materialise import sweep_data
from webapp.devices.services.networks import sweep_device_networks
from webapp.evaluations.services.networks import sweep_networks
from webapp.exports.services.archives import sweep_exports
from webapp.runs.services.weights import sweep_weights
from webapp.tables.services.materialise import sweep_tables

from .database_retry import retry_until_available

log = logging.getLogger(__name__)
SWEEP_FILES_SECONDS = 3600.0
SWEEPS = {
    "weights of runs": sweep_weights,
    "tables": sweep_tables,
    "uploaded data": sweep_data,
    "trained networks": sweep_networks,
    "exports": sweep_exports,
    "networks for devices": sweep_device_networks,
}


def sweep_files_at_intervals(stopping: threading.Event) -> None:
    """Start a thread that deletes unused files now and once an hour, until `stopping` is set."""
    threading.Thread(target=_sweep_forever, args=(stopping,), name="files", daemon=True).start()


def _sweep_forever(stopping: threading.Event) -> None:
    while not stopping.is_set():
        sweep_files(stopping)
        connection.close()
        stopping.wait(SWEEP_FILES_SECONDS)


def sweep_files(stopping: threading.Event) -> None:
    """Delete unused files; a folder that cannot be read is left as it is."""
    for what, sweep in SWEEPS.items():
        try:
            deleted = retry_until_available(sweep, stopping)
        except OSError as error:
            log.warning("%s not swept: %s", what, error)
        else:
            log.info("%s deleted: %s", what, deleted or 0)

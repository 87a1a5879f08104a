"""A final training whose network is stored in a folder or in an object store."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core.errors import EngineError
from ..core.storage import FolderStorage, Storage
from ..core.text import one_line
from .final import train_once
from .final_job import FinalJob, FinalOutcome
from .network_folder import DESCRIPTION_FILE


def train_into(storage: Storage, job: FinalJob, *callbacks: Any, **more: Any) -> FinalOutcome:
    """Train once and store the network.

    Args:
        storage: The place of the network.
        job: The training.
        callbacks: `report` and `cancelled` of `train_once`.
        more: Its other arguments.

    Returns:
        The outcome of `train_once`; failed if the network cannot be stored.
    """
    if isinstance(storage, FolderStorage):
        return train_once(job, storage.path, *callbacks, **more)
    with tempfile.TemporaryDirectory(prefix="network-") as root:
        folder = Path(root) / "network"
        outcome = train_once(job, folder, *callbacks, **more)
        try:
            if outcome.network is not None:  # further processes of torchrun store nothing
                put_network(folder, storage)
        except EngineError as error:
            return replace(outcome, state="failed", reason=str(error), network=None)
    return outcome


def put_network(folder: Path, storage: Storage) -> None:
    """Put the files of a stored network into a storage, its description last.

    Raises:
        EngineError: the storage cannot be reached or is full.
    """
    files = sorted(folder.iterdir(), key=lambda path: path.name == DESCRIPTION_FILE)
    try:
        for path in files:
            storage.put(path.name, path.read_bytes())
    except OSError as error:
        raise EngineError(
            f"the network cannot be stored in {storage.address}: "
            f"{error.strerror or one_line(str(error), 200)}; free some space or make it writable"
        ) from None

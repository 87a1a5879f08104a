"""Materialising uploaded data: write a copy of the content to this machine for the engine.

The storage is the source of truth. The copies are a cache, named by digest, and are written when
a process is about to read one that is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from nasengine.core.errors import EngineError
from nasengine.data.common.registered import RegisteredData, registered_folder
from webapp.common.folders import is_abandoned, is_idle, key_of, places_in
from webapp.datasets.models import DataUpload, TeamData

from .storing import (
    adopt,
    data_storage,
    digest_of,
    restore_folder,
    scratch_folder,
    upload_place,
)

PATHS = ("path", "test_path")
ABANDONED_SECONDS = 86400.0


def registered_in(config: Mapping[str, Any]) -> list[RegisteredData]:
    """Return the uploaded data sets that settings of a data set name."""
    found = []
    for name in PATHS:
        text = config.get(name)
        try:
            named = RegisteredData.of_path(text) if isinstance(text, str) else None
        except EngineError:
            continue  # the engine reports the wrong form
        if named is not None:
            found.append(named)
    return found


def materialise_data(config: Mapping[str, Any]) -> None:
    """Write the uploaded data that settings of a data set name to this machine if they are not.

    Raises:
        EngineError: the storage does not have them, or they cannot be written.
    """
    for named in registered_in(config):
        if named.digest and not named.folder.is_dir():
            _fetch(named)


def sweep_data() -> int:
    """Delete content and copies that no data set has, and files of ended uploads; return how many.

    Content without a row may belong to another database or to an upload that is being read: it is
    deleted only if nothing was written to it for a week.
    """
    storage = data_storage()
    digests = {name for name in storage.places() if len(name) == 64}
    copies = {path.name for path in _copies()}
    rows = TeamData.objects.filter(digest__in=digests | copies).values_list("digest", flat=True)
    used = set(rows)
    unused = 0
    for name in digests - used:
        if is_abandoned(storage.within(name)):
            storage.within(name).clear()
            unused += 1
    for path in _copies():
        if path.name not in used and is_idle(path, ABANDONED_SECONDS):
            shutil.rmtree(path, ignore_errors=True)
            unused += 1
    return unused + _sweep_uploads()


def _fetch(named: RegisteredData) -> None:
    folder = scratch_folder()
    try:
        restore_folder(data_storage().within(named.digest), folder)
        if digest_of(folder)[0] != named.digest:
            raise EngineError("its content in the storage is damaged: upload it again")
        adopt(folder, named.digest)
    except EngineError as error:
        raise EngineError(f"the data set {named.label} cannot be read: {error}") from None
    except OSError as error:
        raise EngineError(
            f"the data set {named.label} cannot be written to {registered_folder()} "
            f"({error.strerror or error}): free some space and let this process write there, or "
            "set PARETOSCOPE_DATASETS to another folder"
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copies() -> list[Any]:
    folder = registered_folder()
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _sweep_uploads() -> int:
    uploads = data_storage().within("uploads")
    names = places_in(uploads)
    rows = DataUpload.objects.filter(pk__in=[key_of(name) for name in names], has_file=True)
    kept = {upload_place(row).address for row in rows}
    unused = 0
    for name in names:
        place = uploads.within(name)
        if place.address not in kept and is_abandoned(place):
            place.clear()
            unused += 1
    return unused

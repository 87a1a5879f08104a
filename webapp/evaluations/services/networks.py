"""Places of trained networks: what can be downloaded, copies on this machine, and removal."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from nasengine.core.storage import FolderStorage, Storage, storage_at
from webapp.common.folders import folder_name, is_abandoned, key_of, places_in
from webapp.evaluations.models import Evaluation, Training
from webapp.jobs.models import OPEN_JOBS

FILES = ("network.json", "weights.safetensors")


def evaluation_place(evaluation: Evaluation) -> Storage:
    """Return the place of the evaluation's networks and checkpoints."""
    root = storage_at(settings.PARETOSCOPE_NETWORKS)
    return root.within(folder_name(evaluation.pk, evaluation.created_at))


def attempt_name(seed: int, fence: int) -> str:
    """Return the name of the place of the network that one claim trains."""
    return f"seed-{seed}-claim-{fence}"


def progress_name(seed: int) -> str:
    """Return the name of the place of the checkpoints of a seed's training."""
    return f"seed-{seed}-progress"


def network_folder(training: Training) -> Path | None:
    """Return a folder with the stored network; None if there is none, or not on this machine.

    A network in an object store is copied to this machine first.
    """
    name = Path(training.network.get("folder", "")).name
    if not name:
        return None
    place = evaluation_place(training.evaluation).within(name)
    if isinstance(place, FolderStorage):
        folder = place.path
    else:
        folder = _cache_of(training.evaluation) / name
        _copy(place, folder)
    return folder if all((folder / file).is_file() for file in FILES) else None


def remove_networks(evaluation: Evaluation) -> None:
    """Delete the networks of an evaluation, as far as this machine can reach them."""
    shutil.rmtree(_cache_of(evaluation), ignore_errors=True)
    try:
        evaluation_place(evaluation).clear()
    except OSError:
        return  # a sweep deletes them


def sweep_networks() -> int:
    """Delete networks of evaluations that do not exist, and of abandoned claims; return how many.

    A place without an evaluation may belong to another database. It is deleted only if nothing
    was written to it for a week.
    """
    root = storage_at(settings.PARETOSCOPE_NETWORKS)
    names = places_in(root)
    rows = Evaluation.objects.filter(pk__in=[key_of(name) for name in names])
    existing = {folder_name(row.pk, row.created_at): row for row in rows.only("created_at")}
    deleted = 0
    for name in names:
        place = root.within(name)
        row = existing.get(name)
        if row is not None:
            deleted += _sweep_claims(place, row)
        elif is_abandoned(place):
            place.clear()
            deleted += 1
    return deleted


def _sweep_claims(place: Storage, evaluation: Evaluation) -> int:
    """Delete what abandoned claims have written; trainings that are open keep their files."""
    trainings = Training.objects.filter(evaluation=evaluation).only("network", "state", "seed")
    kept = {row.network.get("folder") for row in trainings}
    running = tuple(f"seed-{row.seed}-" for row in trainings if row.state in OPEN_JOBS)
    found = [*place.places(), *place.names()]
    unused = [n for n in found if n not in kept and not n.startswith(running or ("\0",))]
    for name in unused:
        place.within(name).clear()
        place.remove(name)
    return len(unused)


def _cache_of(evaluation: Evaluation) -> Path:
    folder: Path = settings.NETWORKS_CACHE / folder_name(evaluation.pk, evaluation.created_at)
    return folder


def _copy(place: Storage, folder: Path) -> None:
    """Copy a network that is not on this machine yet; its files never change."""
    copy = FolderStorage(folder)
    for file in FILES:
        if not (folder / file).is_file() and (content := place.get(file)) is not None:
            copy.put(file, content)

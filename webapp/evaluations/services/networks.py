"""Folders of trained networks: where they are, what can be downloaded, and their removal."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from webapp.common.folders import ABANDONED_SECONDS, folder_name, folders_in, is_idle, key_of
from webapp.evaluations.models import Evaluation, Training
from webapp.jobs.models import OPEN_JOBS

FILES = ("network.json", "weights.safetensors")


def evaluation_folder(evaluation: Evaluation) -> Path:
    """Return the folder of the evaluation's networks on this machine."""
    return settings.PARETOSCOPE_NETWORKS / folder_name(evaluation.pk, evaluation.created_at)


def attempt_folder(evaluation: Evaluation, seed: int, fence: int) -> Path:
    """Return the folder of the network that one claim trains."""
    return evaluation_folder(evaluation) / f"seed-{seed}-claim-{fence}"


def progress_folder(evaluation: Evaluation, seed: int) -> Path:
    """Return the folder of the checkpoints of a seed's training."""
    return evaluation_folder(evaluation) / f"seed-{seed}-progress"


def network_folder(training: Training) -> Path | None:
    """Return the folder of the stored network; None if it is not stored, or not on this machine."""
    name = training.network.get("folder", "")
    if not name:
        return None
    folder = evaluation_folder(training.evaluation) / Path(name).name
    return folder if all((folder / file).is_file() for file in FILES) else None


def remove_networks(evaluation: Evaluation) -> None:
    """Delete the networks of an evaluation that are on this machine."""
    shutil.rmtree(evaluation_folder(evaluation), ignore_errors=True)


def sweep_networks() -> int:
    """Delete networks of evaluations that do not exist, and of abandoned claims; return how many.

    A folder without an evaluation may belong to another database. It is deleted only if nothing
    was written to it for a week.
    """
    folders = folders_in(settings.PARETOSCOPE_NETWORKS)
    rows = Evaluation.objects.filter(pk__in=[key_of(path.name) for path in folders])
    existing = {evaluation_folder(row).name: row for row in rows.only("created_at")}
    deleted = 0
    for folder in folders:
        row = existing.get(folder.name)
        if row is not None:
            deleted += _sweep_claims(folder, row)
        elif is_idle(folder, ABANDONED_SECONDS):
            shutil.rmtree(folder, ignore_errors=True)
            deleted += 1
    return deleted


def _sweep_claims(folder: Path, evaluation: Evaluation) -> int:
    """Delete what abandoned claims have written; trainings that are open keep their files."""
    trainings = Training.objects.filter(evaluation=evaluation).only("network", "state", "seed")
    kept = {row.network.get("folder") for row in trainings}
    running = tuple(f"seed-{row.seed}-" for row in trainings if row.state in OPEN_JOBS)
    unused = [
        path
        for path in folder.iterdir()
        if path.name not in kept and not path.name.startswith(running or ("\0",))
    ]
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(unused)

"""Folders of exports: the archive that can be downloaded, and the removal of old ones."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from webapp.common.folders import folder_name, folders_in, is_idle, key_of
from webapp.exports.models import Export
from webapp.jobs.models import OPEN_JOBS


def export_folder(export: Export) -> Path:
    """Return the folder of an export on this machine."""
    return settings.PARETOSCOPE_EXPORTS / folder_name(export.pk, export.created_at)


def claim_folder(export: Export, fence: int) -> Path:
    """Return the folder into which one claim writes."""
    return export_folder(export) / f"claim-{fence}"


def archive_path(export: Export) -> Path | None:
    """Return the archive; None if it is not stored, or not on this machine."""
    if not export.archive:
        return None
    path = export_folder(export) / Path(export.folder).name / Path(export.archive).name
    return path if path.is_file() else None


def remove_archives(exports: list[Export]) -> None:
    """Delete the files of exports that are on this machine."""
    for export in exports:
        shutil.rmtree(export_folder(export), ignore_errors=True)


def sweep_exports() -> int:
    """Delete files of exports that do not exist, and of abandoned claims; return how many.

    A folder without an export may belong to another database. It is deleted only if nothing was
    written to it for as long as one export may take.
    """
    folders = folders_in(settings.PARETOSCOPE_EXPORTS)
    rows = Export.objects.filter(pk__in=[key_of(path.name) for path in folders])
    existing = {export_folder(row).name: row for row in rows}
    deleted = 0
    for folder in folders:
        row = existing.get(folder.name)
        if row is None:
            unused = [folder] if is_idle(folder, settings.EXPORT_SECONDS) else []
        elif row.state in OPEN_JOBS:
            unused = []
        else:
            unused = [path for path in folder.iterdir() if path.name != row.folder]
        for path in unused:
            shutil.rmtree(path, ignore_errors=True)
        deleted += len(unused)
    return deleted

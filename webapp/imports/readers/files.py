"""Which reader a file or folder needs."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from nasengine.core.errors import EngineError
from nasengine.core.text import shorten
from webapp.datasets.services.unpacking import check_members, safe_name, write_member

from . import mlflow, optuna, rows, tensorboard
from .recorded import RecordedRun

SQLITE = b"SQLite format 3\0"
FORMS = (
    "an SQLite storage of Optuna (.db), a .zip of MLflow's folder mlruns or of TensorBoard's log "
    "folder, or a .csv, as W&B exports it"
)


def read_upload(path: Path, name: str, scratch: Path, wanted: str) -> list[RecordedRun]:
    """Return the runs in an uploaded file.

    Args:
        path: the file.
        name: its name as uploaded.
        scratch: an empty folder for its content.
        wanted: the objectives, see `recorded.chosen_objectives`.

    Raises:
        EngineError: the file has another form, is damaged or not safe to unpack.
    """
    stem = PurePosixPath(name).name
    with path.open("rb") as file:
        start = file.read(len(SQLITE))
    if start == SQLITE:
        return optuna.read_file(path)
    if zipfile.is_zipfile(path):
        _unpack(path, scratch / "content")
        return _named(read_folder(scratch / "content", wanted), stem)
    if "tfevents" in stem:
        folder = scratch / "content"
        folder.mkdir()
        path.rename(folder / "events.tfevents")
        return _named(tensorboard.read_folder(folder, wanted), stem)
    if stem.lower().endswith(".csv"):
        return rows.read_rows(path, stem[:-4], wanted)
    if stem.lower().endswith(".zip"):
        raise EngineError(f"{shorten(stem)} is no complete zip archive: pack it again")
    raise EngineError(f"{shorten(stem)} is none of the files that are read: choose {FORMS}")


def read_folder(folder: Path, wanted: str) -> list[RecordedRun]:
    """Return the runs in a folder.

    Raises:
        EngineError: no tool's files are in it, or one is damaged.
    """
    if mlflow.is_folder(folder):
        return mlflow.read_folder(folder, wanted)
    if tensorboard.is_folder(folder):
        return tensorboard.read_folder(folder, wanted)
    storages = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_sqlite(path)]
    if len(storages) == 1:
        return optuna.read_file(storages[0])
    raise EngineError(f"has no files of a tool that is known: choose {FORMS}")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def _unpack(path: Path, folder: Path) -> None:
    folder.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            check_members(members)
            for member in members:
                write_member(archive, member, folder / safe_name(member))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise EngineError(f"is damaged ({error}): pack it again") from None


def _named(runs: list[RecordedRun], name: str) -> list[RecordedRun]:
    """Return runs that have the name of the unpacked folder with the name of the file."""
    return [
        RecordedRun(name, run.source, run.better, run.candidates) if run.name == "content" else run
        for run in runs
    ]

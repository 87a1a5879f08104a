"""Folders that data may be read from (PARETOSCOPE_DATA_ROOTS)."""

from __future__ import annotations

import os
from pathlib import Path

from ...core.errors import DataForbidden, DataMissing, EngineError
from ...core.text import shorten
from .registered import RegisteredData, registered_folder

VARIABLE = "PARETOSCOPE_DATA_ROOTS"


def roots() -> tuple[Path, ...]:
    """Return the absolute folders of PARETOSCOPE_DATA_ROOTS; empty if it is unset."""
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    return tuple(Path(name).absolute() for name in named if name)


def allowed_path(path: str | Path) -> Path:
    """Resolve a path and its links, and check that data may be read from there.

    Without PARETOSCOPE_DATA_ROOTS every path is allowed. A path outside of the folders is refused
    before any file is accessed, and every refusal has the same text, so that it does not reveal
    which files, links or users exist.

    Raises:
        DataForbidden: the path or the target of its links is outside of the allowed folders.
    """
    return _checked(path, roots())


def readable_path(path: str | Path) -> Path:
    """Check the path of a file that belongs to a data set, as `allowed_path`.

    Files of registered data sets are allowed too; no setting can name their folder.
    """
    folders = roots()
    return _checked(path, (*folders, registered_folder()) if folders else ())


def _checked(path: str | Path, folders: tuple[Path, ...]) -> Path:
    text = str(path)
    if "\0" in text:
        raise EngineError(f"{shorten(text)} is not a path: it holds a NUL character; type it again")
    try:
        os.fsencode(text)
        named = Path(os.path.normpath(Path(text).expanduser().absolute()))
        if folders and not _is_inside(named, (*folders, *_resolved(folders))):
            raise _outside(text, folders)
        resolved = named.resolve()
    except (OSError, RuntimeError, UnicodeError):  # a loop of links, or an unknown home folder
        if folders:
            raise _outside(text, folders) from None
        raise DataMissing(f"{shorten(text, 200)} cannot be followed: name another path") from None
    if folders and not _is_inside(resolved, _resolved(folders)):
        raise _outside(text, folders)
    return resolved


def _resolved(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(folder.resolve() for folder in folders)


def _is_inside(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _outside(text: str, folders: tuple[Path, ...]) -> DataForbidden:
    return DataForbidden(
        f"{shorten(text, 200)} is outside of the folders data may come from: use a path under "
        f"{', '.join(map(str, folders))}, or ask an administrator to extend {VARIABLE}"
    )


def named_path(text: str, dataset: str, holds: str) -> Path:
    """Return the existing file or folder of a data set's setting `path`.

    Args:
        text: The setting.
        dataset: Name of the data set, for messages.
        holds: Contents that the path must have, for messages.

    `data:NAME@DIGEST` is a data set that a team has uploaded.

    Raises:
        DataMissing: the setting is empty, or the path does not exist.
        EngineError: the path is outside of the allowed folders.
    """
    if not text.strip():
        raise DataMissing(f"path is empty: {dataset} needs {holds}; name it in path")
    if registered := RegisteredData.of_path(text):
        return registered.file
    path = allowed_path(text.strip())
    if not _exists(path):
        raise DataMissing(
            f"{shorten(text, 200)} does not exist: {dataset} needs {holds}; correct path"
        )
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, or a folder that this process may not enter
        return False


def stamp(paths: list[Path]) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and modification time of files; equal stamps mean unchanged files.

    Raises:
        DataMissing: a file cannot be read, as a link to nothing.
        EngineError: a file links to a target outside of the allowed folders.
    """
    stats = [(readable_path(path), _stat(path)) for path in paths]
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        reason = error.strerror or error
        raise DataMissing(f"{path} cannot be read ({reason}): remove or replace it") from None

"""Which folders data may be read from."""

from __future__ import annotations

import os
from pathlib import Path

from ...core.errors import DataMissing, EngineError

VARIABLE = "PARETOSCOPE_DATA_ROOTS"


def roots() -> tuple[Path, ...]:
    """The folders named by PARETOSCOPE_DATA_ROOTS, resolved; none where it is unset or empty."""
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    return tuple(Path(name).resolve() for name in named if name)


def allowed_path(path: str | Path) -> Path:
    """The path with every link followed, if data may come from there.

    Where the variable names no folders, everything may be read. The check comes before any
    look at the file, so a refusal does not tell whether it exists.

    Raises:
        EngineError: the path, or what it links to, lies outside of the named folders.
    """
    text = str(path)
    if "\0" in text:
        raise EngineError(f"{text[:60]!r} is no path: it holds a NUL character; type it again")
    try:
        resolved = Path(text).expanduser().resolve()
    except (OSError, RuntimeError):  # a loop of links, or no such home
        raise DataMissing(f"{text[:200]!r} cannot be followed: name another path") from None
    named = roots()
    if named and not any(resolved.is_relative_to(root) for root in named):
        raise EngineError(
            f"{text[:200]!r} is outside of the folders data may come from: use a path under "
            f"{', '.join(map(str, named))}, or ask an administrator to extend {VARIABLE}"
        )
    return resolved


def named_path(text: str, dataset: str, holds: str) -> Path:
    """The existing file or folder a data set's setting `path` names.

    Raises:
        DataMissing: nothing is named, or nothing is there; says what the path must hold.
        EngineError: it lies outside of the allowed folders.
    """
    if not text.strip():
        raise DataMissing(f"path is empty: {dataset} needs {holds}; name it in path")
    found = allowed_path(text.strip())
    if not found.exists():
        raise DataMissing(f"{text[:200]!r} is not there: {dataset} needs {holds}; correct path")
    return found


def stamp(paths: list[Path]) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of change of files: equal stamps mean unchanged files.

    Raises:
        EngineError: a file links to a place outside of the allowed folders.
    """
    stats = [(allowed_path(path), path.stat()) for path in paths]
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats)

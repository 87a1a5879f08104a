"""Text files: reading, and assignment to parts by file name."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from ...core.errors import DataMissing, EngineError
from .roots import allowed_path

SUFFIXES = (".txt", ".tokens", ".txt.gz", ".tokens.gz")
PART_WORDS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
}
MAX_BYTES = 2**31


def read_text(path: Path) -> str:
    """Read a file in UTF-8, optionally compressed with gzip.

    Raises:
        EngineError: the file cannot be read, is too large, or is not text.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise EngineError(f"{path} cannot be read ({error}): download the file again") from None
    if len(content) > MAX_BYTES:
        raise EngineError(f"{path} has more than {MAX_BYTES:,} bytes: choose a smaller text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EngineError(
            f"{path} is not text in UTF-8 (byte {error.start:,}): convert or remove it"
        ) from None


def files_of(source: Path) -> list[Path]:
    """Return the text files of a folder sorted by name, or the one file named.

    Raises:
        DataMissing: the folder has no text file.
        EngineError: a file links to a target outside of the allowed folders.
    """
    if source.is_file():
        return [source]
    texts = [path for path in sorted(source.iterdir()) if path.name.lower().endswith(SUFFIXES)]
    files = [allowed_path(path) for path in texts if path.is_file()]
    if not files:
        raise DataMissing(f"{source} holds no {', '.join(SUFFIXES)}: correct path")
    return files


def named_parts(files: list[Path]) -> dict[str, Path]:
    """Map parts to files by words such as train, valid or test in the file names.

    Raises:
        EngineError: two files belong to the same part.
    """
    by_part: dict[str, Path] = {}
    for path in files:
        words = re.split(r"[^a-z]+", path.name.lower())
        parts = {PART_WORDS[word] for word in words if word in PART_WORDS}
        if len(parts) != 1:
            continue
        (part,) = parts
        if part in by_part:
            raise EngineError(
                f"{by_part[part].name} and {path.name} are both named as the {part} part: "
                "keep one of them in the folder"
            )
        by_part[part] = path
    return by_part

"""Text files: read, and told apart by what their names say of their part."""

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
    """The whole text of a file in UTF-8, gzip'd or not.

    Raises:
        EngineError: it cannot be read, is too large, or is no text.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise EngineError(f"{path} cannot be read ({error}): fetch the file again") from None
    if len(content) > MAX_BYTES:
        raise EngineError(f"{path} has more than {MAX_BYTES:,} bytes: name a smaller text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EngineError(
            f"{path} is no text in UTF-8 (byte {error.start:,}): convert or remove it"
        ) from None


def files_of(place: Path) -> list[Path]:
    """The text files of a folder, by name, or the one file named.

    Raises:
        DataMissing: the folder holds none.
        EngineError: one of them links out of the allowed folders.
    """
    if place.is_file():
        return [place]
    found = [path for path in sorted(place.iterdir()) if path.name.lower().endswith(SUFFIXES)]
    files = [allowed_path(path) for path in found if path.is_file()]
    if not files:
        raise DataMissing(f"{place} holds no {', '.join(SUFFIXES)}: correct path")
    return files


def named_parts(files: list[Path]) -> dict[str, Path]:
    """Part -> its file, for those whose name holds a word such as train, valid or test.

    Raises:
        EngineError: two files claim the same part.
    """
    found: dict[str, Path] = {}
    for path in files:
        words = re.split(r"[^a-z]+", path.name.lower())
        parts = {PART_WORDS[word] for word in words if word in PART_WORDS}
        if len(parts) != 1:
            continue
        (part,) = parts
        if part in found:
            raise EngineError(
                f"{found[part].name} and {path.name} both claim to be the {part} part: "
                "keep one of them in the folder"
            )
        found[part] = path
    return found

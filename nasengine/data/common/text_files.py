"""Text files: reading, and assignment to parts by file name."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from pathlib import Path

from ...core.errors import DataMissing, EngineError
from .roots import readable_path

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
# Files about a text, in any folder that was downloaded or cloned.
ABOUT = ("readme", "license", "licence", "copying", "notice", "changelog", "authors", "citation")
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_BYTES = 2**31


def read_text(path: Path) -> str:
    """Read a file in UTF-8, or in UTF-16 with its mark, optionally compressed with gzip.

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
    encoding = "utf-16" if content[:2] in UTF_16_MARKS else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise EngineError(
            f"{path} is not text in UTF-8 (byte {error.start:,}): convert or remove it"
        ) from None


def files_of(source: Path) -> list[Path]:
    """Return the text files of a folder sorted by name, or the one file named.

    Hidden files and files about the text, such as README.txt, are left out.

    Raises:
        DataMissing: the folder has no text file.
        EngineError: a file links to a target outside of the allowed folders.
    """
    if source.is_file():
        return [source]
    paths = [path for path in sorted(source.iterdir()) if not why_skipped(path)]
    files = [readable_path(path) for path in paths]
    if not files:
        raise DataMissing(f"{source} holds no {', '.join(SUFFIXES)}: correct path")
    return files


def why_skipped(path: Path) -> str:
    """Return why a path in a folder is not read as text; "" if it is read."""
    name = path.name.lower()
    if name.startswith("."):
        return "file of an operating system"
    if not name.endswith(SUFFIXES) or not path.is_file():
        return "folder" if path.is_dir() else f"not a text format that is read ({path.suffix})"
    return "file about the text" if name.startswith(ABOUT) else ""


def skipped_files(source: Path) -> list[tuple[Path, str]]:
    """Return each file of a folder that is not read, with the reason."""
    if source.is_file():
        return []
    paths = sorted(source.iterdir())
    return [(path, reason) for path in paths if (reason := why_skipped(path))]


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

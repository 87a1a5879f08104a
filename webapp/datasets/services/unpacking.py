"""Unpacking an uploaded file into a folder that the engine's data sets read.

The folder holds `content`: a folder with one subfolder per class (or `train` and `test` with
these), or `content.npz`, or `content.txt`. Nothing in a file is executed; a file is refused with
a reason before it fills the disk.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings

from nasengine.core.data_report import Groups
from nasengine.core.errors import EngineError
from nasengine.core.text import shorten
from nasengine.data.common.npz import read_npz
from nasengine.data.common.pictures import SUFFIXES
from nasengine.data.images.labelled_folder import SYSTEM_FILES, SYSTEM_FOLDERS
from webapp.limits import MAX_DATA_FILES, MEGABYTE

from .labels_file import LABEL_SUFFIX, read_labels
from .pixel_rows import arrays_of_rows

FORMS = (
    "a .zip of pictures with one folder per class (or with a labels .csv), an .npz of arrays, "
    "a .csv with a label and the pixels of one picture per line, or a .txt"
)
MAX_NAME_BYTES = 255
LAYOUT = "one folder of pictures per class, such as cats/1.png, or a .csv with file and label"
COPIED = 1 << 20


@dataclass(frozen=True)
class Unpacked:
    """Result of unpacking a file.

    Attributes:
        source: the data set of the engine that reads the content.
        skipped: files that were left out.
    """

    source: str
    skipped: Groups


def unpack(path: Path, name: str, folder: Path) -> Unpacked:
    """Unpack an uploaded file into an empty folder.

    Args:
        path: the file.
        name: its name as uploaded; only the ending counts.
        folder: where `content` is written.

    Raises:
        EngineError: the file is none of the forms, damaged, too large, or not safe to unpack.
    """
    ending = PurePosixPath(name.lower()).suffix
    try:
        if zipfile.is_zipfile(path) and ending not in (".csv", ".txt"):
            return _unpack_zip(path, ending, folder)
        if ending == ".csv":
            arrays_of_rows(path, folder / "content.npz")
            return Unpacked("images", Groups())
        if ending == ".txt":
            shutil.copyfile(path, folder / "content.txt")
            return Unpacked("text", Groups())
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise EngineError(f"is damaged ({error}): pack it again") from None
    if name.lower().endswith(".zip"):
        raise EngineError(f"{shorten(name)} is no complete zip archive: pack it again")
    raise EngineError(f"{shorten(name)} is none of the files that are read: choose {FORMS}")


def _unpack_zip(path: Path, ending: str, folder: Path) -> Unpacked:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        check_members(members)
        if ending == ".npz" or (
            members and all(member.filename.endswith(".npy") for member in members)
        ):
            shutil.copyfile(path, folder / "content.npz")
            read_npz(folder / "content.npz")
            return Unpacked("images", Groups())
        skipped = Groups()
        wanted = {safe_name(member): member for member in members if _is_wanted(member, skipped)}
        if len(wanted) + sum(group.count for group in skipped.groups()) < len(members):
            raise EngineError("has two files of one name: pack it again")
        names = _without_outer_folders(list(wanted))
        content = folder / "content"
        for inner, member in zip(names, wanted.values(), strict=True):
            write_member(archive, member, content / inner)
    if not content.is_dir():
        raise EngineError(f"has no picture ({', '.join(SUFFIXES)}): it needs {LAYOUT}")
    _place_by_labels(content, skipped)
    return Unpacked("images", skipped)


def check_members(members: list[zipfile.ZipInfo]) -> None:
    """Check the sizes that the archive states; no more than these are ever unpacked."""
    limit = settings.DATA_UNPACKED_MEGABYTES
    if len(members) > MAX_DATA_FILES:
        raise EngineError(f"has {len(members):,} files: at most {MAX_DATA_FILES:,} are read")
    if (size := sum(member.file_size for member in members)) > limit * MEGABYTE:
        raise EngineError(
            f"is {size / MEGABYTE:,.0f} MB when it is unpacked: at most {limit:,} MB are read; "
            "leave out pictures or make them smaller"
        )


def safe_name(member: zipfile.ZipInfo) -> str:
    """Return the path of a member below the folder that it is unpacked to.

    Raises:
        EngineError: it leads out of the folder, is a link, or cannot be a file.
    """
    shown = shorten(member.filename)
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise EngineError(f"{shown} is a link or a device: pack the files themselves")
    if member.flag_bits & 1:
        raise EngineError(f"{shown} is encrypted: pack it without a password")
    parts = member.filename.split("/")
    unsafe = any(part in ("", ".", "..") or ":" in part or "\\" in part for part in parts)
    if unsafe or not member.filename.isprintable():
        raise EngineError(f"{shown} leads out of the folder or is no file name: pack it again")
    if any(len(part.encode(errors="replace")) > MAX_NAME_BYTES for part in parts):
        raise EngineError(f"{shown} is too long for a file name: rename it")
    return member.filename


def _is_wanted(member: zipfile.ZipInfo, skipped: Groups) -> bool:
    """Return whether a member is a picture or a file of labels; count the others."""
    name = PurePosixPath(safe_name(member))
    system = name.name.startswith(".") or name.name.lower() in SYSTEM_FILES
    if system or any(p in SYSTEM_FOLDERS or p.startswith(".") for p in name.parts):
        skipped.add("file of an operating system", name.name)
        return False
    if name.suffix.lower() not in (*SUFFIXES, LABEL_SUFFIX):
        kind = name.suffix.lower() or "no ending"
        skipped.add(f"not an image format that is read ({kind[:20]})", name.name)
        return False
    return True


def _without_outer_folders(names: list[str]) -> list[str]:
    """Return the names without the folders that hold everything, as `pets` of pets/cats/1.png.

    The folder of a picture is its class, so it stays.
    """
    parts = [name.split("/") for name in names]
    while parts and all(len(path) > 2 or path[-1].endswith(LABEL_SUFFIX) for path in parts):
        first = {path[0] for path in parts}
        if len(first) > 1 or any(len(path) < 2 for path in parts):
            break
        parts = [path[1:] for path in parts]
    return ["/".join(path) for path in parts]


def write_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write a member whose name was checked to a new file.

    Raises:
        EngineError: its path is that of another member.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, path.open("xb") as file:
            shutil.copyfileobj(packed, file, COPIED)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise EngineError(
            f"{shorten(member.filename)} has the name of a folder in the file: pack it again"
        ) from None


def _place_by_labels(content: Path, skipped: Groups) -> None:
    """Move the pictures into folders of the classes that a file of labels names, if any."""
    tables = sorted(content.rglob(f"*{LABEL_SUFFIX}"))
    if len(tables) == 1 and not _has_class_folders(content, tables[0].parent):
        labels = read_labels(tables[0])
        missing = _move(content, tables[0].parent, labels)
        if missing:
            raise EngineError(
                f"{shorten(missing[0])} is in {tables[0].name} but not in the file "
                f"({len(missing):,} of {len(labels):,} pictures are missing): add it"
            )
    for table in tables:
        skipped.add("table, not a picture", table.name)
        table.unlink(missing_ok=True)
    _remove_empty(content)


def _has_class_folders(content: Path, beside: Path) -> bool:
    """Return whether pictures are in two or more folders, so that folders are the classes."""
    pictures = (path for path in content.rglob("*") if path.suffix.lower() in SUFFIXES)
    return len({path.parent for path in pictures}) > 1 and beside == content


def _move(content: Path, root: Path, labels: Iterable[tuple[str, str, str]]) -> list[str]:
    """Move each picture to PART/CLASS or to CLASS; return the names that are not there."""
    placed, missing = content / ".placed", []
    for number, (name, label, part) in enumerate(labels):
        source = _found(root, content, name)
        if source is None:
            missing.append(name)
            continue
        target = placed / part / label if part else placed / label
        target.mkdir(parents=True, exist_ok=True)
        source.rename(target / f"{number:06d}-{source.name[-200:]}")
    if missing:
        return missing
    for path in list(content.iterdir()):
        if path != placed and path.is_dir():
            shutil.rmtree(path)
        elif path.is_file() and path.suffix.lower() in SUFFIXES:
            path.unlink()  # a picture without a label
    for path in list(placed.iterdir()):
        path.rename(content / path.name)
    placed.rmdir()
    return []


def _found(root: Path, content: Path, name: str) -> Path | None:
    """Return the picture of a row: next to the table, else at the top, with or without folders."""
    if ".." in PurePosixPath(name).parts or name.startswith("/"):
        return None
    for path in (root / name, content / name):
        if path.is_file():
            return path
    tries = [root / f"{name}{ending}" for ending in SUFFIXES]
    tries += [path for path in content.rglob(PurePosixPath(name).name) if "*" not in name]
    return next((path for path in tries if path.is_file()), None)


def _remove_empty(content: Path) -> None:
    for path in sorted(content.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()

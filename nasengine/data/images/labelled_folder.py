"""Labelled folders: one subfolder per class; its name is the class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...core.errors import DataMissing, EngineError
from ..common.pictures import SUFFIXES
from ..common.raw_images import RawImages
from ..common.roots import readable_path

SYSTEM_FOLDERS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN")
SYSTEM_FILES = ("thumbs.db", "desktop.ini")
LAYOUT = "a folder with one subfolder of images per class, such as cats/1.png"


def class_names(folder: Path) -> list[str]:
    """Return the classes of a folder in the order of their labels."""
    return sorted(path.name for path in folder.iterdir() if is_class(path))


def is_class(path: Path) -> bool:
    """Return whether a path is the folder of a class, not one that a system has left there."""
    return path.is_dir() and not hidden(path) and path.name not in SYSTEM_FOLDERS


def hidden(path: Path) -> bool:
    """Return whether a system hides a file: its name starts with a dot, as ._1.png of macOS."""
    return path.name.startswith(".")


def is_image(path: Path) -> bool:
    """Return whether a path in the folder of a class is read as an image."""
    return path.suffix.lower() in SUFFIXES and not hidden(path) and not path.is_dir()


def skipped_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file and folder that is not read, with the reason."""
    for path in sorted(folder.iterdir()):
        if not is_class(path):
            yield path, _reason(path, "not in the folder of a class")
            continue
        for inner in sorted(path.iterdir()):
            if not is_image(inner):
                kind = inner.suffix.lower() or "no ending"
                yield inner, _reason(inner, f"not an image format that is read ({kind})")


def beside(folder: Path, read: list[Path]) -> list[tuple[Path, str]]:
    """Return what is next to the folders train and test, with the reason why it is not read."""
    others = (path for path in sorted(folder.iterdir()) if path not in read)
    return [(path, _reason(path, "next to the folders train and test")) for path in others]


def _reason(path: Path, otherwise: str) -> str:
    if hidden(path) or path.name in SYSTEM_FOLDERS or path.name.lower() in SYSTEM_FILES:
        return "file of an operating system"
    inside = path.is_dir() and otherwise.startswith("not an image")
    return "folder inside the folder of a class" if inside else otherwise


def image_files(folder: Path, classes: list[str]) -> list[tuple[int, Path]]:
    """Return label and path of every image, sorted by class and name.

    Raises:
        DataMissing: a class has no image.
    """
    labelled: list[tuple[int, Path]] = []
    for label, name in enumerate(classes):
        images = sorted(path for path in (folder / name).iterdir() if is_image(path))
        if not images:
            raise DataMissing(
                f"{folder / name} holds no image ({', '.join(SUFFIXES)}): "
                "remove the folder or fill it"
            )
        labelled.extend((label, path) for path in images)
    return labelled


def raw_images(files: list[tuple[int, Path]]) -> RawImages:
    """Return the images of these files; each file is read on access."""
    return RawImages(
        np.array([label for label, _ in files], np.int64),
        lambda i: _content(files[i][1]),
        lambda i: str(files[i][1]),
    )


def _content(path: Path) -> bytes:
    try:
        return readable_path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise EngineError(f"{path} cannot be read ({reason}): remove or replace it") from None

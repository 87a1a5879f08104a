"""Labelled folders: one subfolder per class; its name is the class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...core.errors import DataMissing
from ..common.raw_images import SUFFIXES, RawImages
from ..common.roots import allowed_path

LAYOUT = "a folder with one subfolder of images per class, such as cats/1.png"


def class_names(folder: Path) -> list[str]:
    """Return the classes of a folder in the order of their labels."""
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def image_files(folder: Path, classes: list[str]) -> list[tuple[int, Path]]:
    """Return label and path of every image, sorted by class and name.

    Raises:
        DataMissing: a class has no image.
    """
    labelled: list[tuple[int, Path]] = []
    for label, name in enumerate(classes):
        images = sorted(p for p in (folder / name).glob("*") if p.suffix.lower() in SUFFIXES)
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
        lambda i: allowed_path(files[i][1]).read_bytes(),
        lambda i: str(files[i][1]),
    )

"""Labelled folders: one folder a class, its name the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...core.errors import DataMissing
from ..common.raw_images import SUFFIXES, RawImages
from ..common.roots import allowed_path

LAYOUT = "a folder for each class, holding its images, as in cats/1.png"


def class_names(folder: Path) -> list[str]:
    """The classes of a folder, in the order of their labels."""
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def image_files(folder: Path, classes: list[str]) -> list[tuple[int, Path]]:
    """Label and path of every image, in a fixed order.

    Raises:
        DataMissing: a class holds no image.
    """
    found: list[tuple[int, Path]] = []
    for label, name in enumerate(classes):
        inside = sorted(p for p in (folder / name).glob("*") if p.suffix.lower() in SUFFIXES)
        if not inside:
            raise DataMissing(
                f"{folder / name} holds no image ({', '.join(SUFFIXES)}): "
                "remove the folder or fill it"
            )
        found.extend((label, path) for path in inside)
    return found


def raw_images(files: list[tuple[int, Path]]) -> RawImages:
    """The images of those files, read one by one when they are asked for."""
    return RawImages(
        np.array([label for label, _ in files], np.int64),
        lambda i: allowed_path(files[i][1]).read_bytes(),
        lambda i: str(files[i][1]),
    )

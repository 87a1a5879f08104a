"""Labelled images in .npz files: arrays, or concatenated JPEG files."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...core.errors import EngineError
from ...core.text import one_line
from .pictures import SIXTEEN_BITS
from .raw_images import RawImages

MAX_CLASSES = 10_000  # a label beyond it is a mistake: a network would have so many outputs
FORMS = "images and labels, x_train and y_train, or jpeg, offsets and labels"


def read_npz(path: Path) -> tuple[RawImages, RawImages | None]:
    """Return the images of a file, and those of its test part if it has one.

    Supported array names: images, labels (with test_images, test_labels); x_train, y_train (with
    x_test, y_test); jpeg, offsets, labels.

    Raises:
        EngineError: the file is damaged, holds Python objects or other names.
    """
    arrays = _arrays(path)
    for pair, test_pair in (
        (("images", "labels"), ("test_images", "test_labels")),
        (("x_train", "y_train"), ("x_test", "y_test")),
    ):
        if all(name in arrays for name in pair):
            test = [arrays[name] for name in test_pair if name in arrays]
            return (
                _from_arrays(path, arrays[pair[0]], arrays[pair[1]]),
                _from_arrays(path, *test) if len(test) == 2 else None,
            )
    if all(name in arrays for name in ("jpeg", "offsets", "labels")):
        return _from_jpegs(path, arrays["jpeg"], arrays["offsets"], arrays["labels"]), None
    raise EngineError(
        f"{path} holds {one_line(', '.join(arrays), 100) or 'nothing'}: it needs {FORMS}"
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        reason = one_line(str(error).partition("\n")[0], 100)
        raise EngineError(
            f"{path} is not an .npz file of numbers ({reason}): write it again"
        ) from None


def _from_arrays(path: Path, images: np.ndarray, labels: np.ndarray) -> RawImages:
    if not images.size:
        raise EngineError(
            f"images in {path} have the shape {images.shape}, which holds no pixel: write it again"
        )
    images, converted = _as_bytes(path, images)
    if images.ndim == 4 and images.shape[-1] not in (1, 3) and images.shape[1] in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    if not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] in (1, 3))):
        raise EngineError(
            f"images in {path} have the shape {images.shape}: n x h x w, n x h x w x c or "
            "n x c x h x w with 1 or 3 channels is needed"
        )
    return RawImages(
        _labels(path, labels, len(images)),
        lambda i: images[i],
        lambda i: f"image {i} of {path}",
        converted,
    )


def _as_bytes(path: Path, images: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the images as uint8, and the name of the conversion.

    Raises:
        EngineError: the numbers are of no scale that pictures have.
    """
    kind = images.dtype.kind
    if images.dtype == np.uint8:
        return images, ""
    if kind == "b":
        return images.astype(np.uint8) * 255, "true and false scaled to 255 and 0"
    if kind in "iuf" and np.isfinite(images).all():
        low, high = images.min(), images.max()
        whole = kind in "iu" or bool((images == np.round(images)).all())
        if kind == "f" and low >= 0 and high <= 1:
            scaled = np.round(images.astype(np.float64) * 255)
            return scaled.astype(np.uint8), "numbers from 0 to 1 scaled to 0 to 255"
        if whole and low >= 0 and high <= 255:
            return images.astype(np.uint8), f"{images.dtype} numbers from 0 to 255 stored as bytes"
        if images.dtype == np.uint16:
            deep = images.astype(np.uint32)
            return ((deep + 128) // 257).astype(np.uint8), SIXTEEN_BITS
        found = f"{images.dtype} numbers from {low:g} to {high:g}"
    else:
        found = (
            f"{images.dtype} numbers that are not all finite" if kind == "f" else str(images.dtype)
        )
    raise EngineError(
        f"images in {path} are {found}: store them as uint8, 0 to 255, or as numbers from 0 to 1"
    )


def _from_jpegs(path: Path, jpeg: np.ndarray, offsets: np.ndarray, labels: np.ndarray) -> RawImages:
    in_order = offsets.ndim == 1 and len(offsets) > 1 and bool((np.diff(offsets) > 0).all())
    if (
        jpeg.dtype != np.uint8
        or not in_order
        or offsets.dtype.kind not in "iu"
        or offsets[0] < 0
        or offsets[-1] > jpeg.size
    ):
        raise EngineError(f"offsets in {path} do not increase within jpeg: write the file again")
    content = jpeg.tobytes()
    return RawImages(
        _labels(path, labels, len(offsets) - 1),
        lambda i: content[offsets[i] : offsets[i + 1]],
        lambda i: f"image {i} of {path}",
    )


def _labels(path: Path, labels: np.ndarray, count: int) -> np.ndarray:
    flat = labels.reshape(-1)
    if flat.dtype.kind not in "iu" or len(flat) != count:
        raise EngineError(
            f"{path} has {len(flat)} labels of type {flat.dtype} for {count} images: "
            "every image needs one integer"
        )
    low, high = int(flat.min()), int(flat.max())
    if low < 0 or high >= MAX_CLASSES:
        raise EngineError(
            f"labels in {path} range from {low} to {high}: number the classes from 0, below "
            f"{MAX_CLASSES:,}"
        )
    return flat.astype(np.int64)

"""Labelled images as they are stored, and their conversion to one array."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .pictures import read_picture

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class RawImages:
    """Labels (n, int64) and a function that reads the image at a position.

    An image is the bytes of a file, or a uint8 array h x w or h x w x c. `origin(i)` names
    image i in messages. `converted` names what was done to all images before.
    """

    labels: np.ndarray
    read: Callable[[int], bytes | np.ndarray]
    origin: Callable[[int], str]
    converted: str = ""


def decode(raw: RawImages, size: int, colour: bool) -> tuple[np.ndarray, str]:
    """Decode and resize all images.

    Returns:
        Images n x c x size x size (uint8), and the SHA-256 of the undecoded images and labels.

    Raises:
        EngineError: an image cannot be decoded.
    """
    mode, channels = ("RGB", 3) if colour else ("L", 1)
    images = np.empty((len(raw.labels), channels, size, size), np.uint8)
    sha = hashlib.sha256()
    for index, label in enumerate(raw.labels):
        item = raw.read(index)
        content = item if isinstance(item, bytes) else np.ascontiguousarray(item).tobytes()
        shape = () if isinstance(item, bytes) else item.shape
        sha.update(f"{int(label)} {shape} {len(content)} ".encode())
        sha.update(content)
        picture = read_picture(item, raw.origin(index), mode)
        images[index] = (
            np.asarray(resized(picture.image, size))
            .reshape(size, size, channels)
            .transpose(2, 0, 1)
        )
    return images, sha.hexdigest()


def resized(image: Image, size: int) -> Image:
    """Return the image with this height and width; one of that size is returned as it is."""
    from PIL.Image import Resampling

    if image.size == (size, size):
        return image
    return image.resize((size, size), Resampling.BILINEAR)

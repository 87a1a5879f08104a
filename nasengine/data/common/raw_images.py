"""Labelled images as they are stored, and their conversion to one array."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import EngineError
from ...core.text import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

# Common formats of photographs only: Pillow knows 40 more, some with a history of exploits.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class RawImages:
    """Labels (n, int64) and a function that reads the image at a position.

    An image is the bytes of a file, or a uint8 array h x w or h x w x c. `origin(i)` names
    image i in messages.
    """

    labels: np.ndarray
    read: Callable[[int], bytes | np.ndarray]
    origin: Callable[[int], str]


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
        image = _opened(item, raw.origin(index)).convert(mode)
        if image.size != (size, size):
            image = image.resize((size, size), _bilinear())
        images[index] = np.asarray(image).reshape(size, size, channels).transpose(2, 0, 1)
    return images, sha.hexdigest()


def _opened(item: bytes | np.ndarray, origin: str) -> Image:
    from PIL import Image, UnidentifiedImageError

    if isinstance(item, np.ndarray):
        return Image.fromarray(item.squeeze(-1) if item.shape[-1] == 1 else item)
    try:
        image = Image.open(io.BytesIO(item), formats=FORMATS)
        image.load()
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,  # raised by Pillow for a broken PNG
        ValueError,
    ) as error:
        reason = one_line(str(error).partition(" <")[0], 100)
        raise EngineError(
            f"{origin} cannot be decoded ({reason}): images must be {', '.join(FORMATS)} of "
            "ordinary "
            "size; replace or remove it"
        ) from None
    return image


def _bilinear() -> int:
    from PIL import Image

    return Image.Resampling.BILINEAR

"""One picture of a file or an array, converted to eight bits per channel.

Every conversion that changes what a network sees has a name, so that the report of a data set
can count it.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...core.errors import EngineError
from ...core.text import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

# Common formats of photographs only: Pillow knows 40 more, some with a history of exploits.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
DECODABLE = f"images must be {', '.join(FORMATS)} of ordinary size; replace or remove it"
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
MAX_PIXELS = 50_000_000
ORIENTATION = 0x0112  # the EXIF tag
WHITE = (255, 255, 255, 255)
DEEP_GREY = ("I;16", "I;16B", "I;16L", "I;16N", "I")
PNG_DEPTH = 24  # position of the bits per channel in a PNG file

SIXTEEN_BITS = "16-bit pictures scaled to 8 bits"
TRANSPARENT = "transparent pixels placed on white"
CMYK = "CMYK colours converted to RGB"
PALETTE = "palette colours converted"
ONE_BIT = "black-and-white pictures (1 bit) converted"
TURNED = "pictures turned as their EXIF orientation says"
FIRST_FRAME = "animations: only the first frame is read"
GREY_AS_COLOUR = "grey pictures read as three equal channels"
COLOUR_AS_GREY = "colour pictures reduced to grey"


class Picture(NamedTuple):
    """A picture in the wanted mode at its own size, and the names of its conversions."""

    image: Image
    conversions: tuple[str, ...]


def read_picture(item: bytes | np.ndarray, origin: str, mode: str) -> Picture:
    """Decode the bytes of a file, or take a uint8 array h x w or h x w x c.

    Args:
        item: The picture.
        origin: Its name in messages.
        mode: "RGB" or "L".

    Raises:
        EngineError: the picture cannot be decoded or has too many pixels.
    """
    from PIL import Image

    if isinstance(item, np.ndarray):
        image = Image.fromarray(item.squeeze(-1) if item.shape[-1] == 1 else item)
        return _in_mode(image, mode, [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged EXIF data, or a size that is checked here
        image = _opened(item, origin)
        return _converted(image, item, mode)


def _opened(content: bytes, origin: str) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise ValueError(f"{width} x {height} pixels, more than {MAX_PIXELS:,}")
        image.load()
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,  # raised by Pillow for a broken PNG
        ValueError,
        EOFError,
        MemoryError,
    ) as error:
        reason = one_line(str(error).partition(" <")[0], 100)
        raise EngineError(f"{origin} cannot be decoded ({reason}): {DECODABLE}") from None
    return image


def _converted(image: Image, content: bytes, mode: str) -> Picture:
    from PIL import ImageOps

    done = []
    if getattr(image, "n_frames", 1) > 1:
        done.append(FIRST_FRAME)
    if _orientation(image) not in (0, 1):
        image = ImageOps.exif_transpose(image)
        done.append(TURNED)
    if image.mode in DEEP_GREY:
        image = _eight_bits(image)
        done.append(SIXTEEN_BITS)
    elif image.format == "PNG" and content[PNG_DEPTH : PNG_DEPTH + 1] == b"\x10":
        done.append(SIXTEEN_BITS)  # Pillow keeps the upper 8 bits of 16-bit colours
    if image.has_transparency_data:
        image, transparent = _on_white(image)
        if transparent:
            done.append(TRANSPARENT)
    names = {"CMYK": CMYK, "YCCK": CMYK, "P": PALETTE, "1": ONE_BIT}
    if image.mode in names:
        done.append(names[image.mode])
    return _in_mode(image, mode, done)


def _in_mode(image: Image, mode: str, done: list[str]) -> Picture:
    if image.mode == "L" and mode == "RGB":
        done = [*done, GREY_AS_COLOUR]
    elif image.mode not in ("L", "1") and mode == "L":
        done = [*done, COLOUR_AS_GREY]
    return Picture(image.convert(mode), tuple(done))


def _orientation(image: Image) -> int:
    """Return the EXIF orientation from 1 to 8; 0 if there is none, or the data are damaged."""
    try:
        value = image.getexif().get(ORIENTATION, 0)
    except Exception:  # any error of a parser that reads what a camera wrote
        return 0
    return value if isinstance(value, int) and 1 <= value <= 8 else 0


def _eight_bits(image: Image) -> Image:
    """Scale 0..65535 to 0..255."""
    from PIL import Image

    deep = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
    return Image.fromarray(((deep + 128) // 257).astype(np.uint8))


def _on_white(image: Image) -> tuple[Image, bool]:
    """Return the picture on a white background, and whether any pixel was transparent."""
    from PIL import Image

    layered = image.convert("RGBA")
    grey = image.mode in ("L", "LA")
    if layered.getchannel("A").getextrema()[0] == 255:
        return image.convert("L" if grey else "RGB"), False
    background = Image.new("RGBA", layered.size, WHITE)
    flat = Image.alpha_composite(background, layered).convert("RGB")
    return (flat.getchannel("R") if grey else flat), True

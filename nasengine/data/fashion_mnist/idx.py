"""IDX files, the format of MNIST: a header of sizes, then bytes; gzip'd or not."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...core.errors import EngineError

UNSIGNED_BYTES = 0x08
MAX_BYTES = 2**32


def read_idx(path: Path) -> np.ndarray:
    """The array of an IDX file of unsigned bytes.

    Raises:
        EngineError: the file is cut short, too long, or no IDX file of bytes.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            shape = _shape(file.read(4), file.read, path)
            wanted = math.prod(shape)
            # One byte more than promised, to see whether there is more.
            content = file.read(wanted + 1)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise EngineError(f"{path} cannot be read ({error}): fetch the file again") from None
    if len(content) != wanted:
        found = "more" if len(content) > wanted else f"{len(content):,}"
        raise EngineError(
            f"{path} promises {wanted:,} bytes and holds {found}: fetch the file again"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _shape(magic: bytes, read: Callable[[int], bytes], path: Path) -> tuple[int, ...]:
    rule = "an IDX file of bytes begins with 0, 0, 8 and its number of dimensions"
    if len(magic) < 4 or magic[:3] != bytes((0, 0, UNSIGNED_BYTES)) or not 1 <= magic[3] <= 4:
        raise EngineError(f"{path} begins with {magic.hex(' ')!r}: {rule}; fetch the file again")
    shape = struct.unpack(f">{magic[3]}I", read(4 * magic[3]))
    if math.prod(shape) > MAX_BYTES:
        raise EngineError(f"{path} promises {math.prod(shape):,} bytes: fetch the file again")
    return shape

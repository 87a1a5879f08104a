"""Reader of IDX files, the format of MNIST: a header of sizes, then bytes."""

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
    """Read an IDX file of unsigned bytes, optionally compressed with gzip.

    Raises:
        EngineError: the file is truncated, too long, or not an IDX file of bytes.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            shape = _shape(file.read(4), file.read, path)
            size = math.prod(shape)
            content = file.read(size + 1)  # one byte more detects a file that is too long
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise EngineError(f"{path} cannot be read ({error}): download the file again") from None
    if len(content) != size:
        actual = "more" if len(content) > size else f"{len(content):,}"
        raise EngineError(
            f"{path} declares {size:,} bytes and holds {actual}: download the file again"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _shape(magic: bytes, read: Callable[[int], bytes], path: Path) -> tuple[int, ...]:
    rule = "an IDX file of bytes starts with 0, 0, 8 and its number of dimensions"
    if len(magic) < 4 or magic[:3] != bytes((0, 0, UNSIGNED_BYTES)) or not 1 <= magic[3] <= 4:
        raise EngineError(f"{path} starts with {magic.hex(' ')!r}: {rule}; download the file again")
    shape = struct.unpack(f">{magic[3]}I", read(4 * magic[3]))
    if math.prod(shape) > MAX_BYTES:
        raise EngineError(
            f"{path} declares {math.prod(shape):,} bytes, more than {MAX_BYTES:,}: download the "
            "file again"
        )
    return shape

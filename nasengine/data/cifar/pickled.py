"""A restricted reader for the pickles of CIFAR that executes nothing in them."""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import EngineError
from ...core.text import one_line, shorten

# Modules that numpy writes in a pickled array, old and new name.
_MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")
_NUMBERS = ("u1", "i1", "i2", "i4", "i8", "f4", "f8")


class _Type:
    """Replaces numpy.dtype; accepts only numbers."""

    def __init__(self, name: bytes | str, *rest: Any):
        text = name.decode("ascii") if isinstance(name, bytes) else name
        if text not in _NUMBERS:
            raise pickle.UnpicklingError(f"arrays of {shorten(text, 20)}")
        self.name = text
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in ("|", "<", ">"):
            raise pickle.UnpicklingError("a byte order that does not exist")
        self.order = order

    def numpy(self) -> np.dtype:
        """Return the numpy type."""
        return np.dtype(self.order + self.name)


class _Array:
    """Replaces numpy.ndarray; accepts only shape, type and bytes."""

    def __init__(self) -> None:
        self.value = np.empty(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, content = state
        if not isinstance(kind, _Type) or not isinstance(content, bytes):
            raise pickle.UnpicklingError("an array of objects")
        dtype = kind.numpy()
        if math.prod(shape) * dtype.itemsize != len(content):
            raise pickle.UnpicklingError("an array whose bytes do not fill its shape")
        flat = np.frombuffer(content, dtype)
        self.value = flat.reshape(shape, order="F" if fortran else "C")


class _Callable:
    """Base class of the replaced functions: a pickle could set attributes of a plain function."""

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a state for a function")


class _Reconstruct(_Callable):
    """Replaces numpy's _reconstruct, which makes an empty array."""

    def __new__(cls, *_: Any) -> Any:
        return _Array()


class _Encode(_Callable):
    """Replaces _codecs.encode, which Python 3 writes for bytes in an old pickle."""

    def __new__(cls, text: str, encoding: str) -> Any:
        if encoding not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError(f"the codec {shorten(encoding, 20)}")
        return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    """Resolves four names and rejects any other name before it is imported."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _MODULES:
            replacements = {"_reconstruct": _Reconstruct, "ndarray": _Array, "dtype": _Type}
            if name in replacements:
                return replacements[name]
        if (module, name) == ("_codecs", "encode"):
            return _Encode
        raise pickle.UnpicklingError(one_line(f"{module}.{name}", 80))


def read_pickled(path: Path) -> dict[str, Any]:
    """Read a pickled dict of numbers, strings, lists and arrays; keys become strings.

    numpy's own code never sees the file: the replacements above read its arrays.

    Raises:
        EngineError: the file holds anything else, or is not a pickled dict.
    """
    content = path.read_bytes()
    try:
        value = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise EngineError(
            f"{path} is refused, it holds {one_line(str(error), 100)}: a batch holds only "
            "arrays, lists and "
            "strings; download the file again"
        ) from None
    except Exception as error:  # the errors of a broken pickle have no common class
        reason = one_line(f"{type(error).__name__}: {error}", 100)
        raise EngineError(f"{path} is not a pickle ({reason}): download the file again") from None
    if not isinstance(value, dict):
        raise EngineError(f"{path} holds a {type(value).__name__}: a batch is a dict")
    return {_text(key): _plain(item) for key, item in value.items()}


def _text(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)


def _plain(item: Any) -> Any:
    return item.value if isinstance(item, _Array) else item

"""Reads the few pickles CIFAR is published as, without running anything in them."""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import EngineError

# What numpy writes for an array: under its old and its new module name.
_MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")
_NUMBERS = ("u1", "i1", "i2", "i4", "i8", "f4", "f8")


class _Type:
    """Stands where numpy.dtype is written; knows plain numbers only."""

    def __init__(self, name: bytes | str, *rest: Any):
        text = name.decode("ascii") if isinstance(name, bytes) else name
        if text not in _NUMBERS:
            raise pickle.UnpicklingError(f"arrays of {text[:20]!r}")
        self.name = text
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in ("|", "<", ">"):
            raise pickle.UnpicklingError("a byte order that does not exist")
        self.order = order

    def numpy(self) -> np.dtype:
        """The numpy type meant."""
        return np.dtype(self.order + self.name)


class _Array:
    """Stands where numpy.ndarray is written; takes shape, type and bytes, nothing else."""

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
    """What stands for a function is a class, as a pickle can set attributes of a function."""

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a state for a function")


class _Reconstruct(_Callable):
    """Stands for numpy's function of this name, which makes an array to be filled."""

    def __new__(cls, *_: Any) -> Any:
        return _Array()


class _Encode(_Callable):
    """Stands for _codecs.encode, the way Python 3 writes bytes in an old pickle."""

    def __new__(cls, text: str, encoding: str) -> Any:
        if encoding not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError(f"the codec {encoding[:20]!r}")
        return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    """Knows four names and refuses every other before it is imported."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _MODULES:
            known = {"_reconstruct": _Reconstruct, "ndarray": _Array, "dtype": _Type}
            if name in known:
                return known[name]
        if (module, name) == ("_codecs", "encode"):
            return _Encode
        raise pickle.UnpicklingError(f"{module}.{name}"[:80])


def read_pickled(path: Path) -> dict[str, Any]:
    """A pickled dict of numbers, texts, lists and arrays; keys become text.

    numpy's own code never sees the file: stand-ins take its arrays apart.

    Raises:
        EngineError: the file names anything else, or is no such pickle.
    """
    content = path.read_bytes()
    try:
        value = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise EngineError(
            f"{path} is refused, it holds {str(error)[:100]}: a batch holds arrays, lists and "
            "texts only; fetch the file again"
        ) from None
    except Exception as error:  # what a broken pickle raises has no common class
        reason = f"{type(error).__name__}: {error}"[:100]
        raise EngineError(f"{path} is no pickle ({reason}): fetch the file again") from None
    if not isinstance(value, dict):
        raise EngineError(f"{path} holds a {type(value).__name__}: a batch is a dict")
    return {_text(key): _plain(item) for key, item in value.items()}


def _text(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)


def _plain(item: Any) -> Any:
    return item.value if isinstance(item, _Array) else item

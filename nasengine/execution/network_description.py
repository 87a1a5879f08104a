"""The text of `network.json`: canonical values with their digest, and the checks of a reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.architecture import canonical_json
from ..core.errors import EngineError
from ..core.text import one_line

DIGEST = "digest"
MAX_SIDE = 4096
MAX_CLASSES = 10_000_000  # words of a vocabulary
Check = Callable[[Any], bool]


def pack(value: dict[str, Any]) -> bytes:
    """Return the text of a description, with the SHA-256 of all other keys as `digest`."""
    return (
        json.dumps({**value, DIGEST: digest_of(value)}, indent=1, allow_nan=False) + "\n"
    ).encode("utf-8")


def unpack(content: bytes, path: Path) -> dict[str, Any]:
    """Return the values of a description.

    Args:
        content: The bytes of the file.
        path: Its path, for messages.

    Raises:
        EngineError: it is damaged, was changed, or lacks a key.
    """
    try:
        value = json.loads(content.decode("utf-8"))
        canonical_json(value)
    except (ValueError, RecursionError) as error:
        reason = one_line(str(error), 100)
        raise EngineError(f"{path} is damaged ({reason}): copy it again") from None
    if not isinstance(value, dict) or value.get("kind") != "network":
        raise EngineError(f"{path} is not the description of a network: its kind is another")
    if value.get("version") != 1:
        raise EngineError(
            f"{path} has version {one_line(str(value.get('version')), 20)}, this release reads "
            "version 1: use a newer release"
        )
    recorded = value.pop(DIGEST, None)
    if recorded != digest_of(value):
        raise EngineError(f"{path} was changed after it was stored (SHA-256): copy it again")
    for key, fits in CHECKS.items():
        if key not in value or not fits(value[key]):
            raise EngineError(f"{path}: {key} is missing or has another form: copy it again")
    return value


def digest_of(value: dict[str, Any]) -> str:
    """Return the SHA-256 of a description without its digest."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _whole(low: int, high: int) -> Check:
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    )


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _object(**checks: Check) -> Check:
    return lambda value: (
        isinstance(value, dict)
        and all(key in value and check(value[key]) for key, check in checks.items())
    )


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shape(value: Any) -> bool:
    return _list_of(_whole(1, MAX_SIDE))(value) and len(value) in (1, 3)


def _any(value: Any) -> bool:
    return True


CHECKS: dict[str, Check] = {
    "architecture": _object(space=_text, config=_object(), genome=_any),
    "input_shape": _shape,
    "classes": _whole(1, MAX_CLASSES),
    "data_kind": lambda value: value in ("images", "text"),
    "labels": _or_none(_list_of(_text)),
    "preprocessing": _or_none(
        _object(mean=_list_of(_number), std=_list_of(_number), scale=_number)
    ),
    "dataset": _object(name=_text, config=_object(), digest=_text),
    "protocol": _object(name=_text, settings=_object()),
    "seed": _whole(0, 2**63),
    "code_version": _text,
    "measurements": _list_of(_object(objective=_text, value=_number, unit=_text)),
    "curve": _list_of(_object()),
    "weights": _object(
        file=lambda value: value == "weights.safetensors",
        sha256=_text,
        bytes=_whole(1, 2**45),
        parameters=_whole(0, 2**45),
    ),
}

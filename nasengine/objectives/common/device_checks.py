"""Checks of the fields of a device file, each with the allowed values and the remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from ...core.errors import EngineError
from ...core.text import shorten

METHODS = ("measured", "tabular")
COSTS = ("latency", "energy")
VALUES = ("measured", "modelled")
RUNS_ON = ("cpu", "cuda", "mps")
DTYPES = ("float32", "float16", "bfloat16", "float64")
MEMORY_FORMATS = ("contiguous", "channels_last")
QUEUE = re.compile(r"[\w.-]{1,40}", re.ASCII)
MAX_WHOLE = 1_000_000


def check_device(values: Any, device_class: type, file: str) -> None:
    """Check the content of a device file.

    Args:
        values: The content, as parsed from JSON.
        device_class: The dataclass that the file describes.
        file: Name of the file, for messages.

    Raises:
        EngineError: a field is missing, unknown or has a value that is not allowed; the message
            names the file and the field.
    """
    known = [field.name for field in fields(device_class) if field.name != "name"]
    required = [f.name for f in fields(device_class) if f.default is MISSING and f.name in known]
    if not isinstance(values, Mapping):
        raise EngineError(f"{file} is not a device file: it must be one JSON object")
    for name in values:
        if name not in known:
            raise _wrong(file, name, f"is unknown: use only {', '.join(known)}")
    for name in required:
        if name not in values:
            raise _wrong(file, name, f"is missing; required are {', '.join(required)}")
    for name, value in values.items():
        allowed, text = RULES[name]
        if not allowed(value):
            raise _wrong(file, name, f"is {shorten(value)}: it must be {text}")
    _check_method(values, file)


def _check_method(values: Mapping[str, Any], file: str) -> None:
    """Check the fields that only devices with workers have."""
    measured = values["method"] == "measured"
    for name in ("queue", "runs_on"):
        if measured and values.get(name) is None:
            raise _wrong(file, name, "is missing: a device with method measured needs it")
        if not measured and values.get(name) is not None:
            raise _wrong(file, name, "belongs only to devices with method measured: remove it")
    if measured and list(values["costs"]) != ["latency"]:
        raise _wrong(
            file, "costs", 'must be ["latency"] with method measured: workers measure nothing else'
        )


def _wrong(file: str, name: str, text: str) -> EngineError:
    return EngineError(f"{file} is not a device file: {shorten(name)} {text}")


def _one_of(*choices: str | None) -> tuple[Callable[[Any], bool], str]:
    names = ", ".join("null" if choice is None else choice for choice in choices)
    return lambda value: isinstance(value, str | None) and value in choices, f"one of {names}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WHOLE


def _is_time(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= MAX_WHOLE


def _are_costs(value: Any) -> bool:
    texts = isinstance(value, list) and all(isinstance(cost, str) for cost in value)
    return texts and bool(value) and set(value) <= set(COSTS) and len(set(value)) == len(value)


TEXT = (_is_text, "a text that is not empty")
WHOLE = (lambda value: value is None or _is_whole(value), "a whole number above 0, or null")
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "summary": TEXT,
    "provenance": TEXT,
    "method": _one_of(*METHODS),
    "costs": (_are_costs, f"a list with at least one of {', '.join(COSTS)}"),
    "batch": (_is_whole, "a whole number above 0"),
    "dtype": _one_of(*DTYPES, None),
    "values": _one_of(*VALUES),
    "queue": (
        lambda value: value is None or (isinstance(value, str) and bool(QUEUE.fullmatch(value))),
        "1 to 40 letters, digits, dots, hyphens and underscores, or null",
    ),
    "runs_on": _one_of(*RUNS_ON, None),
    "memory_format": _one_of(*MEMORY_FORMATS),
    "threads": WHOLE,
    "warm_up": WHOLE,
    "repetitions": WHOLE,
    "seconds": (lambda value: value is None or _is_time(value), "a number from 0, or null"),
}

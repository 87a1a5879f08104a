"""Checks of the fields of a device file, each with the allowed values and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from ...core.json_fields import TEXT, Rule, check_fields, is_number, is_text, or_null, wrong_field

WHAT = "a device file"
METHODS = ("measured", "tabular")
COSTS = ("latency", "throughput", "energy", "power", "memory")
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
    rules = {name: RULES[name] for name in known}
    check_fields(values, file, WHAT, rules=rules, required=required)
    _check_method(values, file)


def _check_method(values: Mapping[str, Any], file: str) -> None:
    """Check the fields that only devices with workers have."""
    measured = values["method"] == "measured"
    for name in ("queue", "runs_on", "profile"):
        given = values.get(name) is not None
        if measured and not given and name != "profile":
            text = "is missing: a device with method measured needs it"
            raise wrong_field(file, WHAT, name, text)
        if given and not measured:
            text = "belongs only to devices with method measured: remove it"
            raise wrong_field(file, WHAT, name, text)


def _one_of(*choices: str | None) -> Rule:
    names = ", ".join("null" if choice is None else choice for choice in choices)
    return lambda value: isinstance(value, str | None) and value in choices, f"one of {names}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WHOLE


def _is_time(value: Any) -> bool:
    return is_number(value) and 0 <= value <= MAX_WHOLE


def _are_costs(value: Any) -> bool:
    texts = isinstance(value, list) and all(isinstance(cost, str) for cost in value)
    return texts and bool(value) and set(value) <= set(COSTS) and len(set(value)) == len(value)


WHOLE = (or_null(_is_whole), "a whole number above 0, or null")
RULES: dict[str, Rule] = {
    "summary": TEXT,
    "provenance": TEXT,
    "method": _one_of(*METHODS),
    "costs": (_are_costs, f"a list with at least one of {', '.join(COSTS)}"),
    "batch": (_is_whole, "a whole number above 0"),
    "dtype": _one_of(*DTYPES, None),
    "values": _one_of(*VALUES),
    "queue": (
        or_null(lambda value: isinstance(value, str) and bool(QUEUE.fullmatch(value))),
        "1 to 40 letters, digits, dots, hyphens and underscores, or null",
    ),
    "runs_on": _one_of(*RUNS_ON, None),
    "profile": (or_null(is_text), "a device profile, or null"),
    "memory_format": _one_of(*MEMORY_FORMATS),
    "threads": WHOLE,
    "warm_up": WHOLE,
    "repetitions": WHOLE,
    "seconds": (or_null(_is_time), "a number from 0, or null"),
}

"""Files with one JSON object whose fields follow rules: read, checked, refused with a remedy."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from .errors import EngineError
from .text import one_line, shorten

Check = Callable[[Any], bool]
Rule = tuple[Check, str]  # the check, and what is allowed: "it must be ..."


def read_json(path: Path, what: str) -> Any:
    """Return the content of a file.

    Args:
        path: The file.
        what: The kind of file, for messages, such as "a device file".

    Raises:
        EngineError: the file cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = one_line(str(error), 120)
        raise EngineError(f"{path.name} is not {what} ({reason}): correct it") from None


def check_fields(
    values: Any,
    file: str,
    what: str,
    *,
    rules: Mapping[str, Rule],
    required: Collection[str],
) -> None:
    """Check the content of a file.

    Args:
        values: The content, as parsed from JSON.
        file: Name of the file, for messages.
        what: The kind of file, for messages.
        rules: The rule of each known field.
        required: The fields that must be there.

    Raises:
        EngineError: a field is missing, unknown or has a value that is not allowed; the message
            names the file and the field.
    """
    if not isinstance(values, Mapping):
        raise EngineError(f"{file} is not {what}: it must be one JSON object")
    for name in values:
        if name not in rules:
            raise wrong_field(file, what, name, f"is unknown: use only {', '.join(rules)}")
    for name in required:
        if name not in values:
            text = f"is missing; required are {', '.join(required)}"
            raise wrong_field(file, what, name, text)
    for name, value in values.items():
        allowed, text = rules[name]
        if not allowed(value):
            raise wrong_field(file, what, name, f"is {shorten(value)}: it must be {text}")


def wrong_field(file: str, what: str, name: str, text: str) -> EngineError:
    """Return the error that names the file and the field."""
    return EngineError(f"{file} is not {what}: {shorten(name)} {text}")


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)


def is_text(value: Any) -> bool:
    """Return whether a value is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def or_null(check: Check) -> Check:
    """Return a check that also accepts null."""
    return lambda value: value is None or check(value)


TEXT: Rule = (is_text, "a text that is not empty")

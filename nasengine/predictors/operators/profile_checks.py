"""Checks of the fields of a device profile, each with the allowed values."""

from __future__ import annotations

from typing import Any

from ...core.json_fields import (
    TEXT,
    Check,
    Rule,
    check_fields,
    is_number,
    is_text,
    or_null,
    wrong_field,
)
from .graph import KINDS

WHAT = "a device profile"
ORIGINS = ("published", "fitted")
COST_FIELDS = ("start_us", "gflops", "gb_s")
REQUIRED = ("summary", "origin", "provenance")


def check_profile(values: Any, name: str) -> None:
    """Check the content of a profile file.

    Raises:
        EngineError: a field is missing, unknown or has a value that is not allowed; the message
            names the file and the field.
    """
    file = f"{name}.json"
    check_fields(values, file, WHAT, rules=RULES, required=REQUIRED)
    if ("costs" in values) == ("efficiency" in values):
        raise wrong_field(file, WHAT, "costs", "or efficiency must be given, and only one of them")
    if "efficiency" in values and None in (values.get("peak_gflops"), values.get("peak_gb_s")):
        raise wrong_field(file, WHAT, "efficiency", "needs peak_gflops and peak_gb_s")
    if (values.get("idle_watts") is None) != (values.get("busy_watts") is None):
        raise wrong_field(file, WHAT, "idle_watts", "and busy_watts must be given together")


def _at_least_zero(value: Any) -> bool:
    return is_number(value) and value >= 0


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _above_zero(value: Any) -> bool:
    return is_number(value) and value > 0


def _are_texts(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(is_text(v) for v in value.values())


def _by_kind(rule: Check) -> Check:
    """Return a check of an object that has "other" and only known kinds besides."""

    def check(value: Any) -> bool:
        if not isinstance(value, dict) or "other" not in value:
            return False
        return set(value) <= {*KINDS, "other"} and all(rule(entry) for entry in value.values())

    return check


def _is_cost(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != set(COST_FIELDS):
        return False
    return _at_least_zero(value["start_us"]) and all(
        _above_zero(value[name]) for name in ("gflops", "gb_s")
    )


def _is_share_pair(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2
    return pair and all(_above_zero(share) and share <= 1 for share in value)


KIND_TEXT = f"an object with other, and any of {', '.join(KINDS)}"
NOT_NEGATIVE = (_at_least_zero, "a number from 0")
POSITIVE = (or_null(_above_zero), "a number above 0, or null")
RULES: dict[str, Rule] = {
    "summary": TEXT,
    "origin": (lambda value: value in ORIGINS, f"one of {', '.join(ORIGINS)}"),
    "provenance": (_are_texts, "an object with the source of each group of figures"),
    "dtype": TEXT,
    "batch": (_is_count, "a whole number above 0"),
    "fuses": (lambda value: isinstance(value, bool), "true or false"),
    "adds": (lambda value: isinstance(value, bool), "true or false"),
    "pass_us": NOT_NEGATIVE,
    "start_us": NOT_NEGATIVE,
    "costs": (_by_kind(_is_cost), f"{KIND_TEXT}; each with {', '.join(COST_FIELDS)}"),
    "efficiency": (
        _by_kind(_is_share_pair),
        f"{KIND_TEXT}; each two shares of the peak rates, above 0 and at most 1",
    ),
    "memory_bytes": POSITIVE,
    "runtime_bytes": NOT_NEGATIVE,
    "idle_watts": (or_null(_at_least_zero), "a number from 0, or null"),
    "busy_watts": POSITIVE,
    "peak_gflops": POSITIVE,
    "peak_gb_s": POSITIVE,
    "detail": (lambda value: isinstance(value, dict), "an object"),
}

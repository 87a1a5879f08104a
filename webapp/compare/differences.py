"""The settings in which runs differ, as a table with one column as the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from nasengine.core.search_spec import SearchSpec

MISSING = "–"
MAX_CELLS = 1_500  # of the table of settings: imported runs may have a thousand settings each
ORDER = [field.name for field in fields(SearchSpec)]


def differences(
    specs: Sequence[dict[str, Any]], base: int = 0
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Return a row for each setting that differs, and (name, text) of those that are equal.

    A row has `name` and `cells`; a cell has `text`, `missing` and `other` (it differs from the
    cell of the base). `base` is the place of the base among the specs.
    """
    flat = [dict(flattened(spec)) for spec in specs]
    names = sorted({name for settings in flat for name in settings}, key=_sort_key)
    rows: list[dict[str, Any]] = []
    equal: list[tuple[str, str]] = []
    for name in names:
        texts = [settings.get(name) for settings in flat]
        if len(set(texts)) == 1:
            equal.append((name, texts[0] or MISSING))
            continue
        cells = [
            {
                "text": MISSING if text is None else text,
                "missing": text is None,
                "other": text != texts[base],
            }
            for text in texts
        ]
        rows.append({"name": name, "cells": cells})
    return rows, equal


def shown_rows(columns: int) -> int:
    """Return how many settings the table shows of runs in so many columns."""
    return MAX_CELLS // max(1, columns)


def flattened(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return (dotted name, text) of every setting."""
    pairs = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            pairs += flattened(inner, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, _text(inner)))
    return pairs


def _sort_key(name: str) -> tuple[int, str]:
    """Sort in the order of SearchSpec; the database keeps no order of JSON keys."""
    top = name.partition(".")[0]
    return (ORDER.index(top) if top in ORDER else len(ORDER), name)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)

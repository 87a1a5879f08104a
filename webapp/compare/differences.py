"""The settings in which runs differ, as a table with a base column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from nasengine.core.search_spec import SearchSpec

MISSING = "–"
ORDER = [field.name for field in fields(SearchSpec)]


def differences(specs: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Rows of the settings that are not the same everywhere, and how many are the same.

    Each row has `name` and `cells`; a cell has `text`, `missing` and `other` (it differs
    from the first, the base).
    """
    flat = [dict(flattened(spec)) for spec in specs]
    names = sorted({name for one in flat for name in one}, key=_place)
    rows, same = [], 0
    for name in names:
        texts = [one.get(name) for one in flat]
        if len(set(texts)) == 1:
            same += 1
            continue
        cells = [
            {
                "text": MISSING if text is None else text,
                "missing": text is None,
                "other": text != texts[0],
            }
            for text in texts
        ]
        rows.append({"name": name, "cells": cells})
    return rows, same


def flattened(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """(dotted name, text) of every setting."""
    pairs = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            pairs += flattened(inner, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, _text(inner)))
    return pairs


def _place(name: str) -> tuple[int, str]:
    """The question's own order; the database keeps none."""
    top = name.partition(".")[0]
    return (ORDER.index(top) if top in ORDER else len(ORDER), name)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)

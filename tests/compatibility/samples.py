"""The samples of commit 813a27a, and how what is found is compared with them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[1] / "assets" / "made_by_813a27a"


def read_json(name: str) -> Any:
    """Return the JSON document in a sample, gzip'd or not."""
    content = (SAMPLES / name).read_bytes()
    return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)


def same(found: Any, expected: Any, *, more: bool = False) -> bool:
    """Return whether two JSON values are equal, but for the last digits of floats.

    Sums of floats depend on the processor in their last digits, and with them what a network
    inside a strategy predicts. With `more` an object may have names that the sample lacks:
    later versions add settings and figures.
    """
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return bool(found == pytest.approx(expected, rel=1e-6, abs=1e-9))
    if isinstance(expected, dict) and isinstance(found, dict):
        names = expected.keys() <= found.keys() if more else expected.keys() == found.keys()
        return names and all(same(found[n], expected[n], more=more) for n in expected)
    if isinstance(expected, list) and isinstance(found, list):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(same(f, e, more=more) for f, e in pairs)
    return bool(found == expected) and type(found) is type(expected)


def with_text_of_today(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line with the `text` that a supernet has now: it is for people and was reworded."""
    return {**line, "text": "supernet"} if line["text"] == "shared network" else line

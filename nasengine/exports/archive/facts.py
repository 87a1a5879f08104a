"""Facts about a stored network that archives may hold: nothing of this machine's file system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from ...core.text import one_line
from ..network_scale import MAX_PIXEL

if TYPE_CHECKING:
    from ...execution.network_folder import StoredNetwork

HIDDEN_PATH = "(path on the machine that trained)"


def without_paths(value: Any) -> Any:
    """Return a JSON value in which absolute paths are replaced."""
    if isinstance(value, dict):
        return {key: without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    return HIDDEN_PATH if isinstance(value, str) and _is_path(value) else value


def _is_path(text: str) -> bool:
    text = text.strip()
    absolute = PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()
    return absolute or text.startswith(("~", "..")) or PureWindowsPath(text).drive != ""


def network_facts(stored: StoredNetwork) -> dict[str, Any]:
    """Return what network.json says, without the curve and without paths."""
    facts = stored.to_json()
    del facts["curve"], facts["kind"], facts["version"]
    facts["architecture_id"] = stored.architecture.id
    return without_paths(facts)


def preprocessing_facts(stored: StoredNetwork) -> dict[str, Any] | None:
    """Return what a program does with a picture before the model reads it; None for text."""
    if stored.data_kind == "text":
        return None
    channels, height, width = stored.input_shape
    inside = stored.preprocessing
    return {
        "layout": "batch x channels x height x width",
        "colour": {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels"),
        "height": height,
        "width": width,
        "dtype": "float32",
        "range": [0, MAX_PIXEL],
        "outside_the_model": _outside(stored),
        "inside_the_model": None
        if inside is None
        else {
            "formula": "(pixel / 255 - mean) / std",
            "mean": list(inside.mean),
            "std": list(inside.std),
        },
    }


def _outside(stored: StoredNetwork) -> str:
    _, height, width = stored.input_shape
    shorter = stored.preprocessing.resize if stored.preprocessing is not None else None
    if shorter is None:
        return f"resize to {height} x {width}, no other change"
    return f"resize the shorter side to {shorter}, then crop the centre of {height} x {width}"


def label_lines(stored: StoredNetwork, vocabulary: Sequence[str] | None = None) -> list[str]:
    """Return the names of the classes in order; numbers if they have no names.

    Args:
        stored: The network.
        vocabulary: The words of its text, if that is on this machine.
    """
    names = stored.labels or vocabulary
    if names is None:
        return [str(number) for number in range(stored.classes)]
    return [one_line(name, 200) for name in names]

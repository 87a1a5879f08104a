"""Learning rate and batch size that a strategy sets in the note of a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ...core.errors import EngineError
from ...core.settings import from_mapping, to_mapping
from ...core.text import shorten

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
LEARNABLE = ("learning_rate", "batch_size")


def with_learned_settings(config: T, note: dict[str, Any]) -> T:
    """Return the settings with the values under "training" in a proposal's note.

    A note such as {"training": {"learning_rate": 0.02, "batch_size": 32}} may set either or both,
    within the ranges of the settings (knowledge learning in 1809.03242).

    Raises:
        EngineError: the note has another entry, or a value is out of range.
    """
    if "training" not in note:
        return config
    values = note["training"]
    if not isinstance(values, dict) or not set(values) <= set(LEARNABLE):
        raise EngineError(
            f"training in the proposal's note is {shorten(values, 80)}: it may have only "
            f"{' and '.join(LEARNABLE)}"
        )
    return from_mapping(type(config), {**to_mapping(config), **values}, "note.training.")

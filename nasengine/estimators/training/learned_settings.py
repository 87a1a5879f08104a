"""Learning rate and batch size that a strategy has learned, in the note of a proposal."""

from __future__ import annotations

from typing import Any, TypeVar

from ...core.errors import EngineError
from ...core.settings import from_mapping, to_mapping

T = TypeVar("T")
LEARNED = ("learning_rate", "batch_size")


def learned(config: T, note: dict[str, Any]) -> T:
    """The settings with what stands under "training" in a proposal's note.

    {"training": {"learning_rate": 0.02, "batch_size": 32}}, each of them or none; the
    ranges of the settings hold (1809.03242's knowledge learning).

    Raises:
        EngineError: the note holds something else there, or a value its setting refuses.
    """
    if "training" not in note:
        return config
    given = note["training"]
    if not isinstance(given, dict) or not set(given) <= set(LEARNED):
        raise EngineError(
            f"the proposal's note has training {str(given)[:80]}: it may hold "
            f"{' and '.join(LEARNED)} alone"
        )
    return from_mapping(type(config), {**to_mapping(config), **given}, "note.training.")

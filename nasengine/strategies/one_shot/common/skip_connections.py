"""Skip connections among selected operations, the symptom of a collapsed search."""

from __future__ import annotations

from collections.abc import Sequence

SKIPS = frozenset({"skip_connect", "identity"})


def skip_count(operations: Sequence[str]) -> int:
    """Return the number of skip connections among operations."""
    return sum(op in SKIPS for op in operations)


def skip_share(operations: Sequence[str]) -> float:
    """Return the share of skip connections among operations; 0 if there are none."""
    return skip_count(operations) / max(len(operations), 1)

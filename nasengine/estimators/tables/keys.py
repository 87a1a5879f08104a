"""Keys of a table's rows: an architecture in one column, or one column per decision."""

from __future__ import annotations

from ...core.architecture import Architecture
from ...core.space import Space
from ...core.text import one_line

JOINT = "\x1f"  # between the cells of several columns


def key_columns(architecture: str) -> tuple[str, ...]:
    """Return the columns that the setting `architecture` names.

    Raises:
        ValueError: the setting names no column, or one twice.
    """
    columns = tuple(name.strip() for name in architecture.split(",") if name.strip())
    if not columns:
        raise ValueError("is empty: name the column of the architectures' text, id or JSON")
    if len(set(columns)) < len(columns):
        raise ValueError("names a column twice: name one column per decision of the space")
    return columns


def keys_of(space: Space, architecture: Architecture, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the possible keys of an architecture in these columns."""
    if len(columns) > 1:
        options = zip(space.decisions(), space.choices(architecture), strict=True)
        return (JOINT.join(decision.options[choice] for decision, choice in options),)
    return space.text(architecture), architecture.id, architecture.canonical


def key_objection(space: Space, columns: tuple[str, ...]) -> str | None:
    """Return why the columns cannot name the space's architectures, None if they can."""
    if len(columns) == 1:
        return None
    if "decisions" not in space.capabilities:
        return (
            f"names {len(columns)} columns, but {space.name} has no decisions: name the one "
            "column of its texts, ids or canonical JSON"
        )
    names = [decision.name for decision in space.decisions()]
    if len(names) != len(columns):
        return (
            f"names {len(columns)} columns, but {space.name} has {len(names)} decisions "
            f"({one_line(', '.join(names), 200)}): name one column per decision, in this order"
        )
    return None

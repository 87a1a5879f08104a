"""How a table names an architecture: in one column, or in one for each decision of the space."""

from __future__ import annotations

from ...core.architecture import Architecture
from ...core.space import Space

JOINT = "\x1f"  # between the cells of several columns


def key_columns(architecture: str) -> tuple[str, ...]:
    """The columns that the setting `architecture` names.

    Raises:
        ValueError: it names none, or one twice.
    """
    columns = tuple(name.strip() for name in architecture.split(",") if name.strip())
    if not columns:
        raise ValueError("is empty: name the column of the architecture's text, id or JSON")
    if len(set(columns)) < len(columns):
        raise ValueError("names a column twice: name one for each decision of the space")
    return columns


def keys_of(space: Space, architecture: Architecture, columns: tuple[str, ...]) -> tuple[str, ...]:
    """What may stand in those columns for an architecture; of several their cells, joined."""
    if len(columns) > 1:
        options = zip(space.decisions(), space.choices(architecture), strict=True)
        return (JOINT.join(decision.options[choice] for decision, choice in options),)
    return space.text(architecture), architecture.id, architecture.canonical


def key_objection(space: Space, columns: tuple[str, ...]) -> str | None:
    """Why several columns cannot name this space's architectures; None: they can."""
    if len(columns) == 1:
        return None
    if "decisions" not in space.capabilities:
        return (
            f"names {len(columns)} columns, and {space.name} has no decisions to stand in them: "
            "name the one column of its texts, ids or canonical JSON"
        )
    names = [decision.name for decision in space.decisions()]
    if len(names) != len(columns):
        return (
            f"names {len(columns)} columns, and {space.name} has {len(names)} decisions "
            f"({', '.join(names)[:200]}): name one column for each, in this order"
        )
    return None

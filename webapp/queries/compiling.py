"""A tree of the query language as one condition of the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from .fields import Field, WrongValue, nearest
from .language import All, Condition, Node, Not, QueryError, Word, conditions_of

EVERYTHING = Q(pk__isnull=False)
NOTHING = Q(pk__isnull=True)


@dataclass(frozen=True)
class Vocabulary:
    """Fields, flags and words that a list can be filtered by.

    Attributes:
        fields: fields by name.
        other_field: the field of a name that is not listed, such as an objective, or None.
        flags: conditions that a bare word names.
        word: the condition of any other bare word.
    """

    fields: Mapping[str, Field]
    other_field: Callable[[str], Field | None]
    flags: Mapping[str, Q]
    word: Callable[[str], Q]

    def field(self, name: str) -> Field | None:
        return self.fields.get(name.lower()) or self.other_field(name)


def compiled(node: Node, vocabulary: Vocabulary) -> Q:
    """Return the condition of a tree. It is true or false for every row, never unknown.

    Raises:
        QueryError: a field does not exist or does not take the operator or value.
    """
    if isinstance(node, Word):
        flag = None if node.quoted else vocabulary.flags.get(node.text.lower())
        return flag if flag is not None else vocabulary.word(node.text)
    if isinstance(node, Condition):
        return _condition(node, vocabulary)
    if isinstance(node, Not):
        return ~compiled(node.node, vocabulary)
    parts = [compiled(part, vocabulary) for part in node.nodes]
    found = EVERYTHING if isinstance(node, All) else NOTHING
    for part in parts:
        found = found & part if isinstance(node, All) else found | part
    return found


def has_flag(node: Node, *flags: str) -> bool:
    """Return whether a query names one of the flags."""
    words = (part for part in conditions_of(node) if isinstance(part, Word) and not part.quoted)
    return any(word.text.lower() in flags for word in words)


def _condition(node: Condition, vocabulary: Vocabulary) -> Q:
    field = vocabulary.field(node.name)
    if field is None:
        hint = nearest(node.name, list(vocabulary.fields))
        end = node.start + len(node.name)
        raise QueryError(f"There is no field {node.name!r}.{hint}", node.start, end)
    if node.operator not in field.operators:
        takes = " ".join(field.operators)
        start = node.start + len(node.name)
        message = f"{node.name} does not take {node.operator}; it takes {takes}"
        raise QueryError(message, start, start + len(node.operator))
    positive = "=" if node.operator == "!=" else node.operator
    found = NOTHING
    for value, (start, end) in zip(node.values, node.spans, strict=True):
        try:
            found = found | field.condition(positive, value)
        except WrongValue as error:
            raise QueryError(f"{node.name} {error}.", start, end) from None
    return ~found if node.operator == "!=" else found

"""Filters of the candidate table; their values are part of the address."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from nasengine.core.errors import EngineError
from nasengine.core.objective import Constraint, parse_constraint
from webapp.events.clean import clean_text

from .models import Candidate, CandidateState, Measurement

MAX_VALUES = 6
MAX_TEXT = 200
LOOKUPS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


@dataclass(frozen=True)
class Filters:
    """Conditions on the candidates of a table.

    Attributes:
        state: a candidate state, or empty.
        value: bounds on measured values as they were typed, such as "error<10 params<2e6".
        bounds: the same, parsed.
        operation: the name of an operation of the architecture, or empty.
        parent: the number of a parent as text, or empty.
    """

    state: str = ""
    value: str = ""
    bounds: tuple[Constraint, ...] = ()
    operation: str = ""
    parent: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> tuple[Filters, list[str]]:
        """Return the filters of an address, and what could not be read."""
        state, parent = query.get("state", ""), query.get("parent", "").strip().lstrip("#")
        value = clean_text(query.get("value", ""))[:MAX_TEXT]
        problems, bounds = [], []
        for part in value.replace(",", " ").split()[:MAX_VALUES]:
            try:
                bounds.append(parse_constraint(part))
            except EngineError as error:
                problems.append(str(error).replace("a constraint", "a filter"))
        if parent and not (parent.isascii() and parent.isdigit() and len(parent) < 10):
            problems.append(f"{parent[:20]} is not the number of a candidate.")
            parent = ""
        known = state if state in CandidateState.values else ""
        operation = clean_text(query.get("operation", "")).strip()[:MAX_TEXT]
        return cls(known, value, tuple(bounds), operation, parent), problems

    def to_query(self) -> dict[str, str]:
        """Return the parameters of the address; an empty one is not set."""
        return {
            "state": self.state,
            "value": self.value,
            "operation": self.operation,
            "parent": self.parent,
        }

    @property
    def any(self) -> bool:
        return any(self.to_query().values())


def filtered(candidates: QuerySet[Candidate], filters: Filters) -> QuerySet[Candidate]:
    """Return the candidates that meet every filter."""
    if filters.state:
        candidates = candidates.filter(state=filters.state)
    if filters.parent:
        candidates = candidates.filter(parents__contains=[int(filters.parent)])
    for bound in filters.bounds:
        meets = Q(**{f"value__{LOOKUPS[bound.comparison]}": bound.bound})
        own = Measurement.objects.filter(meets, candidate=OuterRef("pk"))
        candidates = candidates.filter(Exists(own.filter(objective=bound.objective)))
    if filters.operation:
        # The name as a whole JSON string, so that conv_3x3 does not find sep_conv_3x3.
        text = Cast("proposal__architecture", TextField())
        wanted = json.dumps(filters.operation, ensure_ascii=False)
        candidates = candidates.annotate(architecture_text=text)
        candidates = candidates.filter(architecture_text__icontains=wanted)
    return candidates

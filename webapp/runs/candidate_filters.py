"""Filters of the candidate table; their values are part of the address."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from nasengine.core.errors import EngineError
from nasengine.core.objective import Constraint, parse_constraint
from webapp.events.clean import clean_text

from .lasso import Lasso
from .models import Candidate, CandidateState, Measurement, Run

MAX_VALUES = 6
MAX_TEXT = 200
MAX_LIST = 3000  # characters
MAX_NUMBERS = 20_000
LIST = re.compile(r"\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*", re.ASCII)
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
        lasso: a region of the Pareto plot, or None.
        only: numbers of candidates, such as "0-3,7"; "none" for no candidate, or empty for all.
    """

    state: str = ""
    value: str = ""
    bounds: tuple[Constraint, ...] = ()
    operation: str = ""
    parent: str = ""
    lasso: Lasso | None = None
    only: str = ""

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
        lasso = None
        if drawn := query.get("lasso", ""):
            try:
                lasso = Lasso.read(drawn)
            except ValueError as error:
                problems.append(str(error))
        only = query.get("only", "")
        if only and numbers_in(only) is None:
            problems.append("The list of candidates in this address cannot be read.")
            only = ""
        known = state if state in CandidateState.values else ""
        operation = clean_text(query.get("operation", "")).strip()[:MAX_TEXT]
        return cls(known, value, tuple(bounds), operation, parent, lasso, only), problems

    def to_query(self) -> dict[str, str]:
        """Return the parameters of the address; an empty one is not set."""
        return {
            "state": self.state,
            "value": self.value,
            "operation": self.operation,
            "parent": self.parent,
            "only": self.only,
            "lasso": self.lasso.text if self.lasso else "",
        }

    @property
    def any(self) -> bool:
        return any(self.to_query().values())


def numbers_in(text: str) -> list[int] | None:
    """Return the numbers of a list such as "0-3,7"; None if it is none or too long."""
    if text == "none":
        return []
    if len(text) > MAX_LIST or not LIST.fullmatch(text):
        return None
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        if len(numbers) + len(span) > MAX_NUMBERS:
            return None
        numbers += span
    return numbers


def filtered(run: Run, filters: Filters) -> QuerySet[Candidate]:
    """Return the candidates of the run that meet every filter."""
    candidates = run.candidates.all()
    if filters.state:
        candidates = candidates.filter(state=filters.state)
    if filters.parent:
        candidates = candidates.filter(parents__contains=[int(filters.parent)])
    if filters.only:
        candidates = candidates.filter(number__in=numbers_in(filters.only) or [])
    if filters.lasso:
        candidates = candidates.filter(number__in=filters.lasso.numbers_of(run))
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

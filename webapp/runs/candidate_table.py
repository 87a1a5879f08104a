"""One page of the candidates of a run, sorted and filtered by the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.http import QueryDict

from webapp.runs.labels import CANDIDATE_STATES
from webapp.runs.models import FINITE, CandidateState, Measurement, Run
from webapp.runs.queries import lean_candidates
from webapp.runs.rows import candidate_row

PAGE_SIZE = 25
NEWEST = "newest"


@dataclass(frozen=True)
class CandidateTable:
    """The rows of one page with sort, filter and their choices."""

    page: Page
    rows: list[dict[str, Any]]
    sort: str
    state: str
    sorts: list[tuple[str, str]]
    states: list[tuple[str, Any]]
    highest: int | None
    query: str


def candidate_table(run: Run, goals: list[dict[str, Any]], query: QueryDict) -> CandidateTable:
    """Return the page that the address names by sort, state and page."""
    sorts = [(NEWEST, "newest first"), ("number", "oldest first")]
    sorts += [(goal["name"], goal["name"].replace("@", " on ")) for goal in goals]
    sort = query.get("sort", NEWEST)
    sort = sort if sort in dict(sorts) else NEWEST
    state = query.get("state", "")
    state = state if state in CandidateState.values else ""
    candidates = run.candidates.all()
    highest = candidates.aggregate(Max("number"))["number__max"]
    if state:
        candidates = candidates.filter(state=state)
    page = Paginator(_sorted(candidates, sort, goals), PAGE_SIZE).get_page(query.get("page"))
    kept = QueryDict(mutable=True)
    kept.update({k: v for k, v in (("sort", sort), ("state", state)) if v and v != NEWEST})
    return CandidateTable(
        page=page,
        rows=[candidate_row(candidate) for candidate in page.object_list],
        sort=sort,
        state=state,
        sorts=sorts,
        states=[(str(k), v) for k, v in CANDIDATE_STATES.items()],
        highest=highest,
        query=kept.urlencode(),
    )


def _sorted(candidates: QuerySet, sort: str, goals: list[dict[str, Any]]) -> QuerySet:
    """Sort best first by an objective; candidates without a value come last."""
    if sort == NEWEST:
        return lean_candidates(candidates.order_by("-number"))
    if sort == "number":
        return lean_candidates(candidates.order_by("number"))
    own = Measurement.objects.filter(FINITE, candidate=OuterRef("pk"), objective=sort)
    better = {goal["name"]: goal["better"] for goal in goals}[sort]
    value = F("sorted_by")
    order = value.desc(nulls_last=True) if better == "higher" else value.asc(nulls_last=True)
    ranked = candidates.annotate(sorted_by=Subquery(own.values("value")[:1]))
    return lean_candidates(ranked.order_by(order, "number"))

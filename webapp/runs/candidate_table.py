"""One page of the candidates of a run, sorted and filtered by the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, FilteredRelation, Max, Q, QuerySet
from django.http import QueryDict

from webapp.devices.predicted import name_of
from webapp.runs.labels import CANDIDATE_STATES
from webapp.runs.models import Run
from webapp.runs.queries import lean_candidates
from webapp.runs.rows import candidate_row

from .candidate_filters import Filters, filtered
from .predicted import add_predicted, fits_of, goals_of_fits, sorted_by_fit

PAGE_SIZE = 25
NEWEST = "newest"


@dataclass(frozen=True)
class CandidateTable:
    """The rows of one page with sort, filters and their choices.

    `marked` is the candidate that the address jumps to, `problems` say which filters could not be
    read or why there is no such candidate. `predicted` are the objectives that are predicted for
    devices of the team.
    """

    page: Page
    rows: list[dict[str, Any]]
    sort: str
    filters: Filters
    sorts: list[tuple[str, str]]
    states: list[tuple[str, Any]]
    highest: int | None
    query: str
    marked: int | None
    problems: list[str]
    predicted: list[dict[str, Any]]


def candidate_table(run: Run, goals: list[dict[str, Any]], query: QueryDict) -> CandidateTable:
    """Return the page that the address names by sort, filters and page, or by a candidate."""
    sorts = [(NEWEST, "newest first"), ("number", "oldest first")]
    sorts += [(goal["name"], goal["name"].replace("@", " on ")) for goal in goals]
    fits = fits_of(run, goals)
    sorts += [(name, f"{name.replace('@', ' on ')}, predicted") for name in map(name_of, fits)]
    sort = query.get("sort", NEWEST)
    sort = sort if sort in dict(sorts) else NEWEST
    filters, problems = Filters.read(query)
    highest = run.candidates.aggregate(Max("number"))["number__max"]
    fit = next((fit for fit in fits if name_of(fit) == sort), None)
    matching = filtered(run, filters)
    found = sorted_by_fit(matching, fit) if fit else _sorted(matching, sort, goals)
    paginator = Paginator(found.values_list("pk", flat=True), PAGE_SIZE)
    marked, number = _place(found, query.get("at", ""))
    if query.get("at") and marked is None:
        problems.append(f"No candidate {query['at'][:20]} in this list.")
    page = paginator.get_page(number or query.get("page"))
    kept = {"sort": "" if sort == NEWEST else sort, **filters.to_query()}
    address = QueryDict(mutable=True)
    address.update({name: value for name, value in kept.items() if value})
    rows = _rows(run, list(page.object_list))
    add_predicted(fits, rows)
    return CandidateTable(
        page=page,
        rows=rows,
        sort=sort,
        filters=filters,
        sorts=sorts,
        states=[(str(k), v) for k, v in CANDIDATE_STATES.items()],
        highest=highest,
        query=address.urlencode(),
        marked=marked,
        problems=problems,
        predicted=goals_of_fits(fits),
    )


def _rows(run: Run, keys: list[int]) -> list[dict[str, Any]]:
    """Return the rows of these candidates in their order."""
    candidates = {c.pk: c for c in lean_candidates(run.candidates.filter(pk__in=keys))}
    return [candidate_row(candidates[key]) for key in keys if key in candidates]


def _place(candidates: QuerySet, text: str) -> tuple[int | None, int | None]:
    """Return the number of a candidate in the list and its page; None, None if it is absent."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None, None
    numbers = list(candidates.values_list("number", flat=True))
    try:
        return int(text), numbers.index(int(text)) // PAGE_SIZE + 1
    except ValueError:
        return None, None


def _sorted(candidates: QuerySet, sort: str, goals: list[dict[str, Any]]) -> QuerySet:
    """Sort best first by an objective; candidates without a value come last."""
    if sort == NEWEST:
        return candidates.order_by("-number")
    if sort == "number":
        return candidates.order_by("number")
    own = FilteredRelation("measurements", condition=Q(measurements__objective=sort))
    better = {goal["name"]: goal["better"] for goal in goals}[sort]
    value = F("sorted__value")
    order = value.desc(nulls_last=True) if better == "higher" else value.asc(nulls_last=True)
    return candidates.annotate(sorted=own).order_by(order, "number")

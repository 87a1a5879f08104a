"""One page of a team's runs with the figures that the list shows, in a few queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, FloatField, Func, IntegerField, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast
from django.http import QueryDict

from webapp.accounts.models import Team

from .filters import RunFilter
from .models import FINITE, Candidate, CandidateState, Measurement, Run
from .queries import BUSY_RUNS, counts_of_runs, runs_of

SIZES = (25, 50, 100)
SORTS = {
    "age": "-created_at",
    "name": "name",
    "state": "state",
    "method": "strategy",
    "progress": "progress",
    "error": "best_error",
    "front": "front_size",
    "hypervolume": "hypervolume",
}
# Sort key (empty: not sortable), label, CSS class of each column.
COLUMNS = (
    ("name", "Name", ""),
    ("state", "State", ""),
    ("method", "Method", ""),
    ("", "Search", ""),
    ("progress", "Progress", ""),
    ("error", "Error (%)", "num"),
    ("front", "Front", "num"),
    ("hypervolume", "Hypervolume", "num"),
    ("age", "Launched", ""),
)
FEASIBLE = Q(violation__isnull=True) | Q(violation=0)


@dataclass(frozen=True)
class RunTable:
    """The rows of one page with filter, sort and page size."""

    page: Page
    rows: list[dict[str, Any]]
    filter: RunFilter
    sort: str
    size: int
    query: str
    unsorted_query: str
    any_busy: bool
    narrowed: bool


def run_table(team: Team, query: QueryDict) -> RunTable:
    """Return the page that the address names by state, method, text, sort, size and page."""
    filtered = RunFilter(query, queryset=with_front(runs_of(team)))
    sort = query.get("sort", "age")
    sort = sort if sort.removeprefix("-") in SORTS else "age"
    size = next((size for size in SIZES if str(size) == query.get("size")), SIZES[0])
    page = Paginator(_sorted(filtered.qs, sort), size).get_page(query.get("page"))
    return RunTable(
        page=page,
        rows=rows_of(list(page.object_list)),
        filter=filtered,
        sort=sort,
        size=size,
        query=_query(query, without=("page",)),
        unsorted_query=_query(query, without=("page", "sort")),
        any_busy=any(run.state in BUSY_RUNS for run in page.object_list),
        narrowed=any(query.get(name) for name in ("state", "method", "text")),
    )


def with_front(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Annotate the size of the front and the last hypervolume, read from JSON in the database."""
    last = KeyTransform("hypervolume", KeyTransform("-1", KeyTransform("curve", "front")))
    return runs.annotate(
        front_size=Func(
            KeyTransform("numbers", "front"),
            function="jsonb_array_length",
            output_field=IntegerField(),
        ),
        hypervolume=Cast(last, FloatField()),
    )


def _sorted(runs: QuerySet[Run], sort: str) -> QuerySet[Run]:
    """Sort by one column, reversed with a leading minus; runs without a value come last."""
    key, backwards = sort.removeprefix("-"), sort.startswith("-")
    if key == "progress":
        runs = runs.annotate(progress=F("told") * 1.0 / F("candidate_budget"))
    if key == "error":
        best = _errors().filter(candidate__run=OuterRef("pk")).order_by("value").values("value")
        runs = runs.annotate(best_error=Subquery(best[:1]))
    column = SORTS[key]
    down = column.startswith("-") != backwards
    field = F(column.removeprefix("-"))
    order = field.desc(nulls_last=True) if down else field.asc(nulls_last=True)
    return runs.order_by(order, "-pk")


def _errors() -> QuerySet[Measurement]:
    """The errors that count: finite, of candidates that meet every constraint."""
    kept = Candidate.objects.filter(FEASIBLE, state=CandidateState.DONE)
    return Measurement.objects.filter(FINITE, objective="error", candidate__in=kept)


def rows_of(runs: list[Run]) -> list[dict[str, Any]]:
    """Return each run with its candidates by state and its lowest error."""
    ids = [run.pk for run in runs]
    counts = counts_of_runs(ids)
    best = dict(
        _errors()
        .filter(candidate__run__in=ids)
        .order_by()
        .values_list("candidate__run")
        .annotate(Min("value"))
    )
    return [{"run": run, "counts": counts[run.pk], "error": best.get(run.pk)} for run in runs]


def _query(query: QueryDict, without: tuple[str, ...]) -> str:
    kept = query.copy()
    for name in without:
        kept.pop(name, None)
    for name in [name for name in kept if not any(kept.getlist(name))]:
        kept.pop(name)
    return kept.urlencode()

"""One page of a team's runs with the figures that the list shows, in a few queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Func, IntegerField, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.http import QueryDict

from webapp.accounts.models import Team

from .best_values import best_values, with_best_value
from .filters import RunFilter
from .models import Run, Study
from .queries import BUSY_RUNS, counts_of_runs, runs_of
from .rows import evaluated
from .study_rows import folded, study_rows

SIZES = (25, 50, 100)
SORTS = {
    "age": "-created_at",
    "name": "name",
    "state": "state",
    "method": "strategy",
    "progress": "progress",
    "best": "best_value",
    "front": "front_size",
}
EARLIER_SORTS = {"error": "best"}  # in saved addresses
# Sort key (empty: not sortable), label, CSS class of each column.
COLUMNS = (
    ("name", "Name", ""),
    ("state", "State", ""),
    ("method", "Method", ""),
    ("", "Search", ""),
    ("progress", "Progress", ""),
    ("best", "Best", "num"),
    ("front", "Front", "num"),
    ("age", "Launched", ""),
)


@dataclass(frozen=True)
class RunTable:
    """The rows of one page with filter, sort and page size.

    The runs of a study are one row, with key `study`, unless the address names the study.
    """

    page: Page
    rows: list[dict[str, Any]]
    filter: RunFilter
    sort: str
    size: int
    query: str
    unsorted_query: str
    any_busy: bool
    narrowed: bool
    total: int
    study: Study | None


def run_table(team: Team, query: QueryDict) -> RunTable:
    """Return the page that the address names by state, method, text, sort, size and page."""
    filtered = RunFilter(query, queryset=runs_of(team))
    study = _study(team, query)
    total, lines = _counts(filtered.qs)
    runs = filtered.qs if study else folded(filtered.qs)
    sort = query.get("sort", "age")
    for earlier, key in EARLIER_SORTS.items():
        sort = sort.replace(earlier, key)
    sort = sort if sort.removeprefix("-") in SORTS else "age"
    size = next((size for size in SIZES if str(size) == query.get("size")), SIZES[0])
    # Only keys are sorted: the rows of a run are wide, and the size of its front is read from JSON.
    keys = _sorted(runs, sort).values_list("pk", flat=True)
    paginator = Paginator(keys, size)
    paginator.count = total if study else lines
    page = paginator.get_page(query.get("page"))
    shown = list(_sorted(with_front(runs_of(team)).filter(pk__in=page.object_list), sort))
    studies = {} if study else study_rows(filtered.qs, {r.study_id for r in shown if r.study_id})
    return RunTable(
        page=page,
        rows=[{**row, "study": studies.get(row["run"].study_id)} for row in rows_of(shown)],
        filter=filtered,
        sort=sort,
        size=size,
        query=_query(query, without=("page",)),
        unsorted_query=_query(query, without=("page", "sort")),
        any_busy=any(run.state in BUSY_RUNS for run in shown)
        or any(found.busy for found in studies.values()),
        narrowed=any(query.get(name) for name in ("state", "method", "text", "study")),
        total=total,
        study=study,
    )


def _counts(runs: QuerySet[Run]) -> tuple[int, int]:
    """Return the number of runs, and of lines if the runs of a study are one line."""
    found = runs.order_by().aggregate(
        total=Count("pk"),
        single=Count("pk", filter=Q(study=None)),
        studies=Count("study", distinct=True),
    )
    return found["total"], found["single"] + found["studies"]


def _study(team: Team, query: QueryDict) -> Study | None:
    """Return the study that the address names, if it is one of the team."""
    key = query.get("study", "")
    known = key.isascii() and key.isdigit() and len(key) < 18
    return Study.objects.filter(team=team, pk=int(key)).first() if known else None


def with_front(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Annotate the size of the front, read from JSON in the database."""
    return runs.annotate(
        front_size=Func(
            KeyTransform("numbers", "front"),
            function="jsonb_array_length",
            output_field=IntegerField(),
        )
    )


def _sorted(runs: QuerySet[Run], sort: str) -> QuerySet[Run]:
    """Sort by one column, reversed with a leading minus; runs without a value come last."""
    key, backwards = sort.removeprefix("-"), sort.startswith("-")
    if key == "progress":
        runs = runs.annotate(progress=(F("told") - F("pruned")) * 1.0 / F("candidate_budget"))
    if key == "front":
        runs = with_front(runs)
    if key == "best":
        runs = with_best_value(runs)
    column = SORTS[key]
    down = column.startswith("-") != backwards
    field = F(column.removeprefix("-"))
    order = field.desc(nulls_last=True) if down else field.asc(nulls_last=True)
    # Values of different objectives are not comparable, so runs of one objective stay together.
    group = ["first_objective"] if key == "best" else []
    return runs.order_by(*group, order, "-pk")


def rows_of(runs: list[Run]) -> list[dict[str, Any]]:
    """Return each run with its candidates by state and the best value of its first objective."""
    counts, best = counts_of_runs([run.pk for run in runs]), best_values(runs)
    return [
        {
            "run": run,
            "counts": counts[run.pk],
            "evaluated": evaluated(counts[run.pk]),
            "best": best[run.pk],
        }
        for run in runs
    ]


def _query(query: QueryDict, without: tuple[str, ...]) -> str:
    kept = query.copy()
    for name in without:
        kept.pop(name, None)
    for name in [name for name in kept if not any(kept.getlist(name))]:
        kept.pop(name)
    return kept.urlencode()

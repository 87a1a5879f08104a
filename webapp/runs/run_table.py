"""One page of a team's runs with the figures that the list shows, in a few queries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from webapp.accounts.models import Team
from webapp.queries import language
from webapp.queries.language import All, QueryError

from .best_values import best_values
from .filters import SEED
from .list_columns import COSTS, DEFAULT, Column, cell_text, column_of, columns_of, costs_of_runs
from .models import Run, Star, Study
from .queries import BUSY_RUNS, LARGE_COLUMNS, counts_of_rows
from .rows import evaluated
from .run_fields import front_size, run_condition
from .run_groups import NOTHING, grouping_of
from .shared_settings import rank_by_settings
from .study_rows import StudyRow, folded, study_rows

SIZES = (25, 50, 100)
OWN_TEMPLATE = ("name", "state", "method", "search", "progress", "best", "front", "age", "ended")


@dataclass(frozen=True)
class Chip:
    """A condition of the filter, and the address of the list without it."""

    text: str
    address: str


@dataclass(frozen=True)
class Filter:
    """The filter of the address: its text, its condition, or what is wrong with it."""

    text: str
    condition: Q
    error: QueryError | None
    chips: list[Chip]

    @property
    def before(self) -> str:
        return self.text[: self.error.start] if self.error else self.text

    @property
    def wrong(self) -> str:
        return self.text[self.error.start : self.error.end] if self.error else ""

    @property
    def after(self) -> str:
        return self.text[self.error.end :] if self.error else ""


@dataclass(frozen=True)
class RunTable:
    """The rows of one page with filter, columns, sort and page size.

    The runs of a study are one row, with key `study`, unless the address names the study. So are
    those with an equal value of `group`, a key of `run_groups`, unless it names one of them.
    """

    page: Page
    rows: list[dict[str, Any]]
    filter: Filter
    columns: list[Column]
    sort: str
    size: int
    query: str
    unsorted_query: str
    any_busy: bool
    total: int
    study: Study | None
    group: str

    @property
    def is_wide(self) -> bool:
        """Return whether the table scrolls sideways."""
        return [c.key for c in self.columns] != list(DEFAULT)


def run_table(team: Team, user: Any, query: QueryDict, kept: list[str] | None) -> RunTable:
    """Return the page that the address names by filter, columns, sort, size and page.

    `kept` are the columns that the person chose last, None if none.
    """
    asked = read_filter(query, user)
    found = matching(team, asked)
    study = _study(team, query)
    if study:
        found = found.filter(study=study)
    sort = query.get("sort", "age")
    sort = sort if _sortable(sort) else "age"
    size = next((size for size in SIZES if str(size) == query.get("size")), SIZES[0])
    grouping = None if study else grouping_of(query.get("group", ""))
    if grouping:
        found = grouping.runs(found)
    # Only keys are read, and only once: filter and sort may read the JSON of every run.
    group = "line" if grouping else "study_id"
    keys = list(sorted_runs(found, sort).values_list("pk", group))
    within = _within(keys, query) if grouping else None
    ungrouped = query.get("group") == NOTHING
    is_flat = bool(study or within) or ungrouped
    lines = within or ([pk for pk, _ in keys] if is_flat else folded(keys))
    page = Paginator(lines, size).get_page(query.get("page"))
    shown = shown_runs(list(page.object_list), user)
    columns = chosen_columns(query, kept)
    if is_flat:
        groups: dict[int, StudyRow] = {}
    elif grouping:
        groups = grouping.rows(found, shown, dict(keys))
    else:
        groups = _studies_of(shown, keys)
    return RunTable(
        page=page,
        rows=[{**row, "study": groups.get(row["run"].pk)} for row in rows_of(shown, columns)],
        filter=asked,
        columns=columns,
        sort=sort,
        size=size,
        query=_query(query, without=("page",)),
        unsorted_query=_query(query, without=("page", "sort")),
        any_busy=any(run.state in BUSY_RUNS for run in shown)
        or any(row.busy for row in groups.values()),
        total=len(keys),
        study=study,
        group=grouping.column.key if grouping else NOTHING if ungrouped else "",
    )


def _studies_of(shown: list[Run], keys: list[tuple[int, Any]]) -> dict[int, StudyRow]:
    """Return the lines of the studies of the shown runs, by the number of the run."""
    wanted = {run.study_id for run in shown if run.study_id}
    studies = study_rows([pk for pk, own in keys if own in wanted])
    return {run.pk: studies[run.study_id] for run in shown if run.study_id in studies}


def _within(keys: list[tuple[int, Any]], query: QueryDict) -> list[int] | None:
    """Return the runs of the group of the run that the address names; None if it names none."""
    key = query.get("within", "")
    if not (key.isascii() and key.isdigit() and len(key) < 18):
        return None
    groups = dict(keys)
    return [pk for pk, group in keys if group == groups.get(int(key))] or None


def read_filter(query: QueryDict, user: Any) -> Filter:
    """Return the filter of an address, also of one of an earlier version."""
    text = " ".join([query.get("q", "").strip(), *_earlier(query)]).strip()
    try:
        condition = run_condition(text, user)
    except QueryError as error:
        return Filter(text, Q(pk__isnull=True), error, [])
    nodes = language.parse(text).nodes
    others = _query(query, without=("page", "q", "state", "method", "text"))
    chips = [
        Chip(
            language.print_query(node),
            _address(others, language.print_query(All(tuple(n for n in nodes if n is not node)))),
        )
        for node in nodes
    ]
    return Filter(text, condition, None, chips)


def matching(team: Team, asked: Filter) -> QuerySet[Run]:
    """Return the team's runs that match a filter, not sorted."""
    return Run.objects.filter(team=team).filter(asked.condition).order_by()


def chosen_columns(query: QueryDict, kept: list[str] | None) -> list[Column]:
    """Return the columns of the address, else those that the person chose last."""
    if "columns" in query:
        return columns_of(query.get("columns", "").split(","))
    return columns_of(kept or DEFAULT)


def shown_runs(keys: list[int], user: Any) -> list[Run]:
    """Return the runs of one page in the order of their keys."""
    own = Star.objects.filter(run=OuterRef("pk"), user=user.pk)
    runs = Run.objects.filter(pk__in=keys).select_related(
        "study", "created_by", "data_set__uploaded"
    )
    lean = runs.defer(*(name for name in LARGE_COLUMNS if "__" not in name), "study__plan")
    found = {run.pk: run for run in with_front(lean).annotate(is_starred=Exists(own))}
    return [found[key] for key in keys if key in found]


def _earlier(query: QueryDict) -> list[str]:
    """Return the filters of addresses that earlier versions made, in the query language."""
    parts = []
    for name, field in (("state", "state"), ("method", "strategy")):
        values = [value for value in query.getlist(name) if value]
        if values:
            parts.append(f"{field}:{','.join(map(language.quote, values))}")
    text = query.get("text", "")[: language.MAX_LENGTH]
    parts += [f"seed:{seed}" for seed in SEED.findall(text)]
    for word in SEED.sub(" ", text).split()[:10]:
        is_number = re.fullmatch(r"#[0-9]{1,17}", word)
        parts.append(word if is_number else f"text:{language.quote(word)}")
    return parts


def _address(others: str, text: str) -> str:
    query = QueryDict(others, mutable=True)
    if text:
        query["q"] = text
    return f"?{query.urlencode()}"


def _study(team: Team, query: QueryDict) -> Study | None:
    """Return the study that the address names, if it is one of the team."""
    key = query.get("study", "")
    known = key.isascii() and key.isdigit() and len(key) < 18
    return Study.objects.filter(team=team, pk=int(key)).first() if known else None


def with_front(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Annotate the size of the front, read from JSON in the database."""
    return runs.annotate(front_size=front_size())


def _sortable(sort: str) -> bool:
    column = column_of(sort.removeprefix("-"))
    return column is not None and column.order is not None


def sorted_runs(runs: QuerySet[Run], sort: str) -> QuerySet[Run]:
    """Sort by one column, reversed with a leading minus; runs without a value come last."""
    column = column_of(sort.removeprefix("-"))
    assert column is not None
    down = column.is_down != sort.startswith("-")
    value = rank_by_settings(column.order) if column.of_settings else column.order
    order = value.desc(nulls_last=True) if down else value.asc(nulls_last=True)
    # Values of different objectives are not comparable, so runs of one objective stay together.
    group = ["first_objective"] if column.key == "best" else []
    return runs.order_by(*group, order, "-pk")


def rows_of(runs: list[Run], columns: list[Column] | None = None) -> list[dict[str, Any]]:
    """Return each run with its candidates by state, the best value and the cells of columns."""
    counts, best = counts_of_rows(runs), best_values(runs)
    columns = columns or []
    costs = costs_of_runs(runs) if any(column.key in COSTS for column in columns) else {}
    return [
        {
            "run": run,
            "counts": counts[run.pk],
            "evaluated": evaluated(counts[run.pk], run.retried),
            "best": best[run.pk],
            "cells": [(column, *_cell(column, run, costs.get(run.pk, {}))) for column in columns],
        }
        for run in runs
    ]


def _cell(column: Column, run: Run, costs: dict[str, float | None]) -> tuple[str, str]:
    return ("", "") if column.key in OWN_TEMPLATE else cell_text(column, run, costs)


def _query(query: QueryDict, without: tuple[str, ...]) -> str:
    kept = query.copy()
    for name in without:
        kept.pop(name, None)
    for name in [name for name in kept if not any(kept.getlist(name))]:
        kept.pop(name)
    return kept.urlencode()

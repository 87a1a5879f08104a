"""The runs of a filter as CSV, read and sent in pieces."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from webapp.accounts.models import Team
from webapp.common.spreadsheet import harmless

from .list_columns import COSTS, Column, costs_of_runs, setting_of
from .models import Run
from .run_fields import SETTING
from .run_table import Filter, matching, shown_runs

PIECE = 500  # runs
ALWAYS = ("id", "name", "study", "state", "strategy", "author", "seed", "tags", "created", "ended")


def runs_csv(team: Team, user: Any, asked: Filter, columns: list[Column]) -> Iterator[bytes]:
    """Yield the lines of all runs of the filter, newest first.

    Every run has the columns of `ALWAYS`, evaluated and budget, the best value of each objective
    of any run, then the other columns of the list.
    """
    keys = list(matching(team, asked).order_by("-created_at", "-pk").values_list("pk", flat=True))
    more = [c.key for c in columns if c.key in COSTS or c.key.startswith(SETTING)]
    objectives = _objectives(team, asked)
    head = [*ALWAYS, "evaluated", "budget", *(f"best {name}" for name in objectives), *more]
    yield _lines([head])
    for first in range(0, len(keys), PIECE):
        runs = shown_runs(keys[first : first + PIECE], user)
        costs = costs_of_runs(runs) if set(more) & set(COSTS) else {}
        yield _lines(_row(run, objectives, more, costs.get(run.pk, {})) for run in runs)


def _objectives(team: Team, asked: Filter) -> list[str]:
    names: set[str] = set()
    found = matching(team, asked).values_list("spec__objectives", flat=True).distinct()
    for objectives in found:
        names.update(objectives)
    return sorted(names)


def _row(run: Run, objectives: list[str], more: list[str], costs: dict[str, Any]) -> list[Any]:
    author = run.created_by.get_username() if run.created_by else ""
    study = run.study.name if run.study else ""
    ended = run.ended_at.isoformat() if run.ended_at else ""
    texts = [run.name, study, run.state, run.strategy, author]
    row = [run.pk, *map(harmless, texts), run.seed, harmless(", ".join(run.tags))]
    row += [run.created_at.isoformat(), ended, run.budget_used, run.candidate_budget]
    row += [run.best_values.get(name, "") for name in objectives]
    return row + [_cell(run, key, costs) for key in more]


def _cell(run: Run, key: str, costs: dict[str, Any]) -> Any:
    if key in COSTS:
        value = costs.get(key)
        return "" if value is None else value / COSTS[key][1]
    value = setting_of(run.spec, key.removeprefix(SETTING))
    return harmless(value) if isinstance(value, str) else "" if value is None else value


def _lines(rows: Any) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()

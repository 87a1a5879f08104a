"""Groups of the list of runs: runs with the same method, author, state, seed or setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, IntegerField, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce

from .labels import RUN_STATES
from .list_columns import FIXED, Column, cell_text, column_of
from .models import Run, RunState
from .run_fields import SETTING
from .shared_settings import rank_by_settings
from .study_rows import StudyRow, lines_of

GROUPED = ("method", "space", "data", "author", "state", "estimator", "seed")
MAX_TICKED = 500  # runs of a group that can be selected with one click
NO_VALUE = "not set"
NOTHING = "run"  # the grouping in which every run has a line of its own


@dataclass(frozen=True)
class Grouping:
    """A property that the runs of a group share: its column, and its expression."""

    column: Column
    line: Any

    def runs(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """Annotate `line`: equal for the runs of a group, never NULL."""
        return runs.annotate(line=self.line)

    def rows(self, runs: Any, shown: list[Run], lines: dict[int, Any]) -> dict[int, Any]:
        """Return the line of the group of each shown run, by the number of the run.

        Args:
            runs: the runs of the filter, with `line`.
            shown: one run of each group of the page.
            lines: the group of each run by its number.
        """
        wanted = list({lines[run.pk] for run in shown})
        found = lines_of(runs.filter(line__in=wanted), F("line"), Value("", TextField()))
        return {run.pk: self._named(found[lines[run.pk]], run) for run in shown}

    def _named(self, row: StudyRow, run: Run) -> StudyRow:
        text = f"{self.column.label} {self._text(run)}"
        keys = row.keys if len(row.keys) <= MAX_TICKED else []
        return replace(
            row, pk=run.pk, name=text, parameter="within", group=self.column.key, keys=keys
        )

    def _text(self, run: Run) -> str:
        key = self.column.key
        if key == "method":
            return run.strategy
        if key == "state":
            return RUN_STATES[RunState(run.state)].label.lower()
        if key.startswith(SETTING) and key != f"{SETTING}seed":
            text, title = cell_text(self.column, run, {})
            return NO_VALUE if title.startswith("this run has no") else text
        text, _ = cell_text(FIXED["seed"] if key.endswith("seed") else self.column, run, {})
        return text


def grouping_of(key: str) -> Grouping | None:
    """Return the grouping of an address; None for that by study, or one that does not exist."""
    column = column_of(key) if key in GROUPED or key.startswith(SETTING) else None
    if column is None:
        return None
    if column.of_settings:
        return Grouping(
            column, Coalesce(rank_by_settings(column.order), Value(-1), output_field=IntegerField())
        )
    text = Cast(column.order, TextField())
    return Grouping(column, Coalesce(text, Value(""), output_field=TextField()))


def groupings(settings: list[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the keys and labels to choose from, in named groups; studies are the default.

    Args:
        settings: the names of settings of the team's runs.
    """
    fixed = [(key, FIXED[key].label.lower()) for key in GROUPED]
    own = [(f"{SETTING}{name}", name) for name in sorted(settings, key=str.lower)]
    groups = [("Common", [("", "study"), (NOTHING, "nothing: every run"), *fixed])]
    return [*groups, ("Settings", own)] if own else groups

"""Estimator `table`: looks up candidates in a benchmark table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from ...catalog import has, load
from ...core.errors import EngineError
from ...core.estimator import Estimator, Evaluation
from ...core.measurement import Measurement
from ...core.objective import Goal
from ...core.outcome import Outcome, TrainingProgress
from ...core.settings import to_mapping
from ...core.space import Space
from ...core.text import one_line, shorten
from . import nb201_layout
from .cells import Cells, cells_of, header_of
from .column import Column, parse_column
from .config import TableConfig
from .keys import key_columns, key_objection, keys_of
from .packaged import packaged_table
from .partial import PartialColumn, PartialResults, parse_partial, parse_partials


class Table(Estimator):
    """Looks every number up in a benchmark table; nothing is trained, nothing is built.

    `dataset` picks the columns of the NAS-Bench-201 table (cifar10, cifar100,
    imagenet16-120); with columns of one's own it has no meaning.
    """

    name = "table"
    Config = TableConfig
    builds_network = False
    trains_standalone = False
    trains_in_parts = True
    is_lookup = True
    config: TableConfig

    def provides(self, goal: Goal) -> bool:
        return True

    def goal(self, name: str, dataset: str) -> Goal:
        """Return the goal of an objective's column.

        Raises:
            EngineError: the table has no such column, or cannot be read.
        """
        objectives, _ = self._columns(dataset)
        for column in objectives:
            if column.objective == name:
                return column.goal
        known = ", ".join(column.objective for column in objectives)
        raise EngineError(f"{one_line(name, 60)} is not in the table; it has {known}")

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        try:
            header = header_of(self.config.path)
        except EngineError as error:
            return {"estimator_config.path": str(error)}
        if packaged := packaged_table(self.config.path):
            return self._missing(header) or packaged.objections(space, dataset)
        if self.config.columns:
            return self._missing(header) or self._unnamed(space)
        if not nb201_layout.is_nb201(header):
            return {
                "estimator_config.columns": "is empty, and the table is not that of "
                f"NAS-Bench-201: say what its columns mean ({', '.join(header)[:300]})"
            }
        return _nb201_objections(space, dataset)

    def parts_objection(self, dataset: str) -> str:
        if self._partial(dataset) is not None:
            return ""
        return (
            "needs results after fewer epochs: name their columns in the setting partial of the "
            "table, or set it to off"
        )

    def costs_before(self, evaluation: Evaluation) -> tuple[Measurement, ...]:
        """Return the costs of the row with `costs_first`, else nothing."""
        if not self.config.costs_first:
            return ()
        costs = {goal.name for goal in evaluation.goals if _is_cost(goal)}
        measured = self.evaluate(evaluation).measurements
        return tuple(m for m in measured if m.objective in costs)

    def stored_scores(
        self, evaluation: Evaluation, names: Sequence[str]
    ) -> tuple[Measurement, ...]:
        """Return the cells of the columns that hold these proxies.

        Raises:
            EngineError: a cell has no finite number.
        """
        objectives, _ = self._columns(evaluation.dataset)
        columns = [column for column in objectives if column.objective in names]
        cells = cells_of(self.config.path, self._keys, tuple(c.column for c in columns))
        row = self._row(evaluation, cells)
        if empty := [c.column for c in columns if not math.isfinite(c.value(row[c.column]))]:
            raise EngineError(_no_number(empty))
        return tuple(_measurement(column, row, cells.table) for column in columns)

    def scores_objection(self, names: Sequence[str], dataset: str) -> str:
        objectives, _ = self._columns(dataset)
        stored = {column.objective for column in objectives}
        missing = [name for name in names if name not in stored]
        return f"the table has no column with {', '.join(missing)}" if missing else ""

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        """Look up a proposal.

        Raises:
            EngineError: the table has no row for the architecture, or cannot be read.
        """
        steering, reported = self._columns(evaluation.dataset)
        until, partial = evaluation.proposal.until, self._partial(evaluation.dataset)
        early = partial.at(until) if partial is not None and until is not None else None
        if early is not None:
            steering = tuple(
                early.column if c.objective == early.column.objective else c for c in steering
            )
            reported = ()  # they are those of the whole training
        curve = partial.up_to(early.epochs if early else partial.planned) if partial else []
        wanted = {goal.name for goal in evaluation.goals}
        needed = [column for column in steering if column.objective in wanted]
        more = [partial_column.column for partial_column in curve]
        names = tuple(dict.fromkeys(column.column for column in (*steering, *reported, *more)))
        cells = cells_of(self.config.path, self._keys, names)
        row = self._row(evaluation, cells)
        number = evaluation.proposal.number
        empty = [c.column for c in needed if not math.isfinite(c.value(row[c.column]))]
        if empty:
            return Outcome(number, "failed", reason=_no_number(empty))
        available = needed + [c for c in reported if math.isfinite(c.value(row[c.column]))]
        measurements = tuple(_measurement(column, row, cells.table) for column in available)
        outcome = Outcome(number, "done", measurements)
        if partial is None or until is None:
            return outcome
        return _in_part(
            outcome,
            partial,
            early,
            [
                partial_column.column.value(row[partial_column.column.column])
                for partial_column in curve
            ],
        )

    def _partial(self, dataset: str) -> PartialResults | None:
        """Return the results after fewer epochs; None if the table has none."""
        config = self.config
        if config.columns:
            columns = parse_partials(config.partial)
            return PartialResults(columns, config.epochs, config.separate) if columns else None
        if packaged_table(config.path) or dataset not in nb201_layout.PREFIXES:
            return None
        return nb201_layout.partial(self._header, dataset)

    def _columns(self, dataset: str) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
        """Return the columns that steer the search and those that are only reported."""
        if self.config.columns:
            return _parsed(self.config.columns), _parsed(self.config.report)
        if packaged := packaged_table(self.config.path):
            return _parsed(packaged.columns), _parsed(packaged.report)
        header = self._header
        if dataset not in nb201_layout.PREFIXES:
            raise EngineError(_unknown_dataset(dataset))
        return nb201_layout.objectives(header, dataset), nb201_layout.reports(dataset)

    @cached_property
    def _header(self) -> tuple[str, ...]:
        """Read once: an estimator lives for one candidate, its file is looked at before each."""
        return header_of(self.config.path)

    @property
    def _keys(self) -> tuple[str, ...]:
        """The columns that name the architecture."""
        architecture = self.config.architecture
        packaged = packaged_table(self.config.path)
        if packaged and architecture == TableConfig().architecture:
            architecture = packaged.architecture
        return key_columns(architecture)

    def _row(self, evaluation: Evaluation, cells: Cells) -> dict[str, float]:
        columns = self._keys
        space, architecture = evaluation.space, evaluation.proposal.architecture
        found = (cells.get(text) for text in keys_of(space, architecture, columns))
        row = next((row for row in found if row is not None), None)
        if row is None:
            keys = "the texts, ids or canonical JSON" if len(columns) == 1 else "the decisions"
            raise EngineError(
                f"{cells.table} has no row for {one_line(space.text(architecture), 200)}: its "
                f"column {', '.join(columns)} must hold {keys} of the space's architectures"
            )
        return row

    def _missing(self, header: tuple[str, ...]) -> dict[str, str]:
        """Return errors for columns that the settings name and the table does not have."""
        named = {
            "columns": [parse_column(text).column for text in self.config.columns],
            "report": [parse_column(text).column for text in self.config.report],
            "partial": [parse_partial(text).column.column for text in self.config.partial],
            "architecture": list(self._keys),
        }
        return {
            f"estimator_config.{name}": f"{one_line(', '.join(missing), 200)} is not in the table; "
            f"it has {one_line(', '.join(header), 300)}"
            for name, columns in named.items()
            if (missing := [column for column in columns if column not in header])
        }

    def _unnamed(self, space: Space) -> dict[str, str]:
        """Whether the columns of the architecture suit the space."""
        fault = key_objection(space, self._keys)
        return {"estimator_config.architecture": fault} if fault else {}


def _in_part(
    outcome: Outcome, partial: PartialResults, early: PartialColumn | None, curve: list[float]
) -> Outcome:
    """Return the outcome of a training in parts: paused at `early`, or done if that is None."""
    objective = partial.columns[0].column.objective
    reached = early.epochs if early else partial.planned
    values = curve if early else [*curve, outcome.values[objective]]
    return replace(
        outcome,
        state="paused" if early else "done",
        epochs=partial.cost(reached),
        training=TrainingProgress(reached, partial.planned, objective, tuple(values)),
    )


def _no_number(columns: Sequence[str]) -> str:
    return f"the table has no finite number in {', '.join(columns)} for this candidate"


def _is_cost(goal: Goal) -> bool:
    """Return whether training would know the value before it starts."""
    return has("objectives", goal.kind) and load("objectives", goal.kind).cheap


def _parsed(texts: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(map(parse_column, texts))


def _measurement(column: Column, row: dict[str, float], table: str) -> Measurement:
    return Measurement(
        column.objective,
        column.value(row[column.column]),
        column.unit,
        device=column.goal.device,
        method="tabular",
        detail={"table": table, "column": column.column},
    )


def _nb201_objections(space: Space, dataset: str) -> dict[str, str]:
    errors = {}
    if dataset not in nb201_layout.PREFIXES:
        errors["dataset"] = _unknown_dataset(dataset)
    if space.name != "nb201":
        errors["space"] = f"the table has only architectures of nb201, not of {space.name}"
        return errors
    config, defaults = to_mapping(space.config), to_mapping(space.Config())
    for name, value in defaults.items():  # fewer operations are a part of the table's space
        if config[name] != value:
            errors[f"space_config.{name}"] = f"must be {value} as in the table (got {config[name]})"
    return errors


def _unknown_dataset(dataset: str) -> str:
    known = ", ".join(nb201_layout.PREFIXES)
    return f"{shorten(str(dataset))} is not in the table; it has {known}"

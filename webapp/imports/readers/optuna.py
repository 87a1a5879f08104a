"""Studies of an Optuna storage, read by SQL; Optuna is not needed and nothing is executed."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from nasengine.core.errors import EngineError

from .recorded import (
    MAX_RUNS,
    MAX_STEP,
    Recorded,
    RecordedRun,
    Series,
    check_size,
    finite,
    plain_name,
)

Query = Callable[[str], list[tuple[Any, ...]]]
TABLES = ("studies", "study_directions", "trials", "trial_params", "trial_values")
OPTIONAL_TABLES = ("study_system_attributes", "trial_intermediate_values")
STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
MAX_STEPS = 200_000_000  # of SQLite's machine for one file: a hostile file must not run for ever
STEPS = 1_000_000


def read_file(path: Path) -> list[RecordedRun]:
    """Return the studies of an SQLite file.

    Raises:
        EngineError: the file is no storage of Optuna, or is damaged.
    """
    try:
        with _opened(path) as query:
            return read_storage(query)
    except (sqlite3.Error, OverflowError) as error:
        raise EngineError(f"cannot be read as a storage of Optuna ({error})") from None


def read_storage(query: Query) -> list[RecordedRun]:
    """Return the studies of a storage.

    Args:
        query: runs a SELECT and returns the rows.

    Raises:
        EngineError: there are too many studies or trials.
    """
    studies = query("SELECT study_id, study_name FROM studies ORDER BY study_id")
    if not studies:
        raise EngineError("has no study: choose another storage of Optuna")
    if len(studies) > MAX_RUNS:
        raise EngineError(f"has {len(studies):,} studies: at most {MAX_RUNS} are imported")
    return [_study(query, int(key), str(name)) for key, name in studies]


def _study(query: Query, study: int, name: str) -> RecordedRun:
    directions = query(
        f"SELECT direction, objective FROM study_directions WHERE study_id = {study} "
        "ORDER BY objective"
    )
    names = _metric_names(query, study, len(directions))
    better = {
        text: "higher" if str(direction).upper().endswith("MAXIMIZE") else "lower"
        for text, (direction, _) in zip(names, directions, strict=True)
    }
    trials = query(
        "SELECT trial_id, state, datetime_start, datetime_complete FROM trials "
        f"WHERE study_id = {study} ORDER BY number"
    )
    check_size(len(trials))
    of_study = f"IN (SELECT trial_id FROM trials WHERE study_id = {study})"
    settings: dict[int, dict[str, Any]] = defaultdict(dict)
    for trial, param, value, distribution in query(
        "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params "
        f"WHERE trial_id {of_study}"
    ):
        settings[trial][str(param)] = _param(value, str(distribution))
    values: dict[int, dict[str, float]] = defaultdict(dict)
    for trial, objective, value in query(
        f"SELECT trial_id, objective, value FROM trial_values WHERE trial_id {of_study}"
    ):
        number = finite(value)
        if number is not None and 0 <= objective < len(names):
            values[trial][names[objective]] = number
    curves = _curves(query, of_study, names)
    candidates = tuple(
        _trial(STATES[state], settings[key], values[key], (start, end), curves.get(key, {}))
        for key, state, start, end in trials
        if state in STATES  # others wait or run
    )
    return RecordedRun(name, "optuna", better, candidates)


def _curves(query: Query, of_study: str, names: list[str]) -> dict[int, dict[str, Series]]:
    """Return the intermediate values of each trial; Optuna has them for one objective only."""
    found: dict[int, dict[str, Series]] = {}
    if len(names) != 1:
        return found
    for trial, step, value in query(
        "SELECT trial_id, step, intermediate_value FROM trial_intermediate_values "
        f"WHERE trial_id {of_study} ORDER BY trial_id, step"
    ):
        number = finite(value)
        if number is not None and 0 <= step <= MAX_STEP:
            found.setdefault(trial, {}).setdefault(names[0], Series()).add(int(step), number)
    return found


def _metric_names(query: Query, study: int, count: int) -> list[str]:
    rows = query(
        "SELECT value_json FROM study_system_attributes "
        f"WHERE study_id = {study} AND key = 'study:metric_names'"
    )
    try:
        named = [plain_name(str(name)) for name in json.loads(rows[0][0])] if rows else []
    except (ValueError, TypeError):
        named = []
    if len(named) == count and len(set(named)) == count:
        return named
    return ["value"] if count == 1 else [f"value_{number}" for number in range(count)]


def _param(value: Any, distribution: str) -> Any:
    """Return the value of a parameter, which is stored as a number."""
    try:
        described = json.loads(distribution)
        name, attributes = str(described["name"]), described["attributes"]
        if name == "CategoricalDistribution":
            choice = attributes["choices"][int(value)]
            return choice if isinstance(choice, (str, int, float, bool)) else str(choice)
    except (ValueError, TypeError, KeyError, IndexError):
        return str(value)
    whole = name.startswith("Int") or (
        name == "DiscreteUniformDistribution" and value == int(value)
    )
    return int(value) if whole else float(value)


def _trial(
    state: str,
    settings: dict[str, Any],
    values: dict[str, float],
    times: tuple[Any, Any],
    curves: dict[str, Series],
) -> Recorded:
    began, ended = map(_time, times)
    seconds = (ended - began).total_seconds() if began and ended and ended >= began else None
    return Recorded(state, settings, values, began, seconds, curves)


def _time(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


@contextmanager
def _opened(path: Path) -> Iterator[Query]:
    """Open a file read-only: its tables only, no views or triggers of a hostile file."""
    with closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    ) as db:
        steps = 0

        def tick() -> int:
            nonlocal steps
            steps += STEPS
            return int(steps > MAX_STEPS)

        db.set_progress_handler(tick, STEPS)
        db.execute("PRAGMA trusted_schema = OFF")
        tables = {
            str(name)
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if missing := [name for name in TABLES if name not in tables]:
            raise EngineError(f"is no storage of Optuna: it has no table {missing[0]}")

        def query(sql: str) -> list[tuple[Any, ...]]:
            if any(name in sql and name not in tables for name in OPTIONAL_TABLES):
                return []
            return db.execute(sql).fetchall()

        yield query

"""The choices of a run's architectures: columns for parallel coordinates, and their importance.

Computed for at most `SAMPLE` measured candidates, so that the page of a long run is quick: those
on the front, and others at equal distances over the run. The answer has their number.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import numpy as np

from nasengine.core.architecture import Architecture
from nasengine.core.decision import Decision
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.core.space import Space
from nasengine.execution import assembly
from nasengine.execution.choice_importance import METHOD, MIN_CANDIDATES, importances

from .columns import measured_values
from .imported import is_imported, recorded_choices
from .models import CandidateState, Run
from .objectives import goals_of_run

SAMPLE = 1000
MAX_DECISIONS = 60
CACHED = 8  # runs that this process remembers
NO_DECISIONS = (
    "Architectures of the space {} are not described by a fixed list of decisions, so there are "
    "no choices to compare."
)


def choices_of(run: Run) -> dict[str, Any]:
    """Return decisions, choices, values and importance, as JSON; remembered by the last event.

    `numbers`, `choices` (one row of option indices per candidate) and `values` (objective -> one
    value per candidate, null if there is none) are those of the sample.
    """
    return _choices_at(run.seq, run)


@lru_cache(maxsize=CACHED)
def _choices_at(seq: int, run: Run) -> dict[str, Any]:
    goals = goals_of_run(run)
    done = run.candidates.filter(state=CandidateState.DONE)
    numbers = list(done.order_by("number").values_list("number", flat=True))
    chosen = _sample(numbers, run.front.get("numbers", []))
    if is_imported(run):
        is_network = False
        decisions, rows = recorded_choices(_genomes(run, chosen))
    else:
        space = assembly.make_space(SearchSpec.from_json(run.spec))
        is_network = space.builds_networks
        decisions, rows = _rows(run, space, chosen)
    names = [goal["name"] for goal in goals]
    values = _values(run, names, chosen)
    return {
        "seq": seq,
        "goals": goals,
        "total": len(numbers),
        "numbers": chosen,
        "values": {
            name: [None if np.isnan(v) else float(v) for v in column]
            for name, column in zip(names, values, strict=True)
        },
        "decisions": [
            {"name": d.name, "options": list(d.options), "kind": d.kind} for d in decisions
        ],
        "choices": rows,
        "missing": "" if decisions else NO_DECISIONS.format(run.spec["space"]),
        "importance": _importance(goals, decisions, rows, values),
        "method": METHOD,
        "least": MIN_CANDIDATES,
        "operations": _operations(
            decisions, rows, chosen, run.front.get("numbers", []), is_network=is_network
        ),
    }


def _sample(numbers: list[int], front: list[int]) -> list[int]:
    """Return at most `SAMPLE` numbers: the front, then others at equal distances."""
    if len(numbers) <= SAMPLE:
        return numbers
    kept = set(front[:SAMPLE])
    rest = [number for number in numbers if number not in kept]
    room = SAMPLE - len(kept)
    places = np.linspace(0, len(rest) - 1, room).round().astype(int)
    return sorted(kept | {rest[place] for place in places.tolist()})


def _rows(
    run: Run, space: Space, numbers: list[int]
) -> tuple[tuple[Decision, ...], list[list[int]]]:
    """Return the decisions of the space, and the choices of each candidate."""
    try:
        decisions = space.decisions()[:MAX_DECISIONS]
    except TypeError:
        return (), []
    stored = dict(
        run.candidates.filter(number__in=numbers).values_list("number", "proposal__architecture")
    )
    rows = []
    for number in numbers:
        try:
            choices = space.choices(Architecture.from_json(stored[number]))
        except (EngineError, KeyError):
            choices = (-1,) * len(decisions)  # of another version of the space: drawn as a gap
        rows.append([int(choice) for choice in choices[:MAX_DECISIONS]])
    return decisions, rows


def _genomes(run: Run, numbers: list[int]) -> list[dict[str, Any]]:
    """Return the settings of the candidates of an imported run."""
    rows = run.candidates.filter(number__in=numbers).order_by("number")
    return [value or {} for value in rows.values_list("proposal__architecture__genome", flat=True)]


def _values(run: Run, names: list[str], numbers: list[int]) -> np.ndarray:
    known, values = measured_values(run, names)
    order = np.argsort(known)
    places = np.searchsorted(known, np.array(numbers, dtype=int), sorter=order)
    chosen: np.ndarray = values[:, order[places]]
    return chosen


def _importance(
    goals: list[dict[str, Any]],
    decisions: tuple[Decision, ...],
    rows: list[list[int]],
    values: np.ndarray,
) -> dict[str, Any]:
    """Return objective -> the number of candidates and the importance of each choice."""
    choices = np.array(rows, dtype=int).reshape(len(rows), len(decisions))
    found = {}
    for goal, column in zip(goals, values, strict=True):
        usable = np.isfinite(column) & (choices >= 0).all(axis=1) if len(rows) else column == 0
        shares = importances(choices[usable], column[usable]) if decisions and len(rows) else []
        found[goal["name"]] = {
            "candidates": int(np.sum(usable)) if len(rows) else 0,
            "shares": [{k: round(v, 4) for k, v in asdict(share).items()} for share in shares],
        }
    return found


def _operations(
    decisions: tuple[Decision, ...],
    rows: list[list[int]],
    numbers: list[int],
    front: list[int],
    *,
    is_network: bool,
) -> list[dict[str, Any]]:
    """Return how often each operation was chosen: among all, and among those on the front.

    Without networks, equal options of two decisions have nothing in common, so each is counted
    with the name of its decision.
    """
    members = set(front)
    every: Counter[str] = Counter()
    best: Counter[str] = Counter()
    for number, row in zip(numbers, rows, strict=False):
        for decision, choice in zip(decisions, row, strict=False):
            if decision.kind == "op" and choice >= 0:
                option = decision.options[choice]
                name = option if is_network else f"{decision.name} {option}"
                every[name] += 1
                best[name] += number in members
    total, on_front = sum(every.values()), sum(best.values())
    return [
        {
            "name": name,
            "share": round(count / total, 4),
            "front": round(best[name] / on_front, 4) if on_front else None,
        }
        for name, count in every.most_common()
    ]

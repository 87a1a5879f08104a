"""The results of a study as its page shows them: one row per method, one cell per run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nasengine.statistics.verdicts import MIN_SHOWN_P, verdict
from webapp.compare.budget import DEFAULT_UNIT, UNITS
from webapp.runs.actions import ACTIONS, Action
from webapp.runs.models import RunState, Study
from webapp.runs.numbers import mean_text, number_text
from webapp.runs.services.control import ALLOWED_IN

from .plan import RANDOM_SEARCH
from .services.bulk_actions import BULK_ACTIONS

NO_GOAL = {"name": "", "unit": ""}


@dataclass(frozen=True)
class Cell:
    """A figure over the seeds: rounded as text, in full as hover title."""

    text: str
    title: str


def cells_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the ranking in its order; methods without a result have no place."""
    goal = data["goals"][0] if data["goals"] else NO_GOAL
    return [
        {
            "strategy": method["strategy"],
            "place": place if method[data["measure"]] else None,
            "best": spread_cell(method["best"], goal["name"], goal["unit"]),
            "hypervolume": spread_cell(method["hypervolume"], "hypervolume", ""),
            "reported": [
                (name, spread_cell(method["reported"].get(name), name, _unit(name)))
                for name in data["reported"]
            ],
            "rank": _rank(method),
            "wins": method["wins"],
            "seeds": method["seeds"],
            "difference": difference_cell(method),
            "runs": method["runs"],
            "ended": method["ended"],
        }
        for place, method in enumerate(data["methods"], start=1)
    ]


@dataclass(frozen=True)
class UnitChoice:
    """A unit in which the budget can be equal; without `reason` it can be chosen."""

    name: str
    label: str
    chosen: bool
    reason: str


def equal_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the choice of units, the equal budget in words, and why it is provisional."""
    unit, amount = data["unit"], data["budget"]
    missing = "no run has used any, or not every run has recorded them"
    return {
        "unit": UNITS[unit],
        "choices": [
            UnitChoice(name, label, name == unit, "" if name in data["units"] else missing)
            for name, label in UNITS.items()
        ],
        "amount": None if amount is None else f"{amount_text(amount, unit)} {UNITS[unit]}",
        "notes": data["provisional"],
    }


def amount_text(amount: float, unit: str) -> str:
    """Return an amount of a unit: whole candidates, epochs and seconds with one decimal."""
    whole = unit == DEFAULT_UNIT or amount == int(amount)
    return f"{amount:,.0f}" if whole else f"{amount:,.1f}"


def spread_cell(spread: dict[str, Any] | None, name: str, unit: str) -> Cell | None:
    """Return mean ± standard deviation, rounded for the objective."""
    if spread is None:
        return None
    mean, deviation = spread["mean"], spread["deviation"]
    title = f"mean {mean!r}"
    if deviation is not None:
        title += f", standard deviation {deviation!r}"
    return Cell(mean_text(name, mean, deviation, unit), f"{title}, {spread['count']} seeds")


def difference_cell(method: dict[str, Any]) -> Cell:
    """Return how a method compares with random search, in words."""
    difference = method["difference"]
    if method["strategy"] == RANDOM_SEARCH:
        return Cell("–", "random search itself")
    if difference is None:
        return Cell("–", "needs random search in the study, and two finished runs of both methods")
    p, effect, tests = difference["corrected_p"], difference["effect"], difference["comparisons"]
    p_text = f"p < {MIN_SHOWN_P}" if p < MIN_SHOWN_P else f"p = {p:.2g}"
    title = (
        f"Mann-Whitney test, two-sided, p = {difference['p']!r}; with Holm's correction for "
        f"{tests} comparison{'' if tests == 1 else 's'} with random search p = {p!r}; better than "
        f"random search in {100 * effect:.3g} % of the pairs (A12 = {effect!r})"
    )
    found = verdict(difference, p, tests, (0, 0))
    return Cell(f"{found.kind}: {found.size} effect ({p_text})", title)


def matrix_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the seeds, and for each method one run (or None) per seed."""
    seeds = sorted({run["seed"] for run in data["runs"]})
    goal = data["goals"][0] if data["goals"] else NO_GOAL
    runs = {
        (run["strategy"], run["seed"]): {
            **run,
            "text": number_text(goal["name"], run["final_best"], goal["unit"]),
        }
        for run in data["runs"]
    }
    rows = [
        {"strategy": name, "runs": [runs.get((name, seed)) for seed in seeds]}
        for name in (method["strategy"] for method in data["methods"])
    ]
    return {"seeds": seeds, "rows": rows}


def bulk_actions_of(study: Study) -> list[Action]:
    """Return the actions that the state of at least one run allows."""
    states = {RunState(state) for state in study.runs.values_list("state", flat=True).distinct()}
    return [ACTIONS[name] for name in BULK_ACTIONS if states & set(ALLOWED_IN[name])]


def _unit(name: str) -> str:
    """Return the unit of a value that a table reports; tables name none."""
    return "%" if "error" in name else ""


def _rank(method: dict[str, Any]) -> Cell | None:
    if method["rank"] is None:
        return None
    title = f"mean rank {method['rank']!r} over {method['seeds']} seeds"
    return Cell(f"{method['rank']:.2f}", title)

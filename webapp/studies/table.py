"""A study's results as a page writes them: one row a method, one cell a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.runs.actions import ACTIONS, Action
from webapp.runs.models import RunState, Study
from webapp.runs.numbers import fixed, number_text
from webapp.runs.services.control import ALLOWED_IN

from .plan import RANDOM_SEARCH
from .services.bulk_actions import BULK_ACTIONS

SURE = 0.01
SMALL_P = 0.0001
EFFECTS = ((0.71, "large"), (0.64, "medium"), (0.56, "small"))  # Vargha and Delaney, 2000


@dataclass(frozen=True)
class Cell:
    """A number over the seeds as text, and in full for the hover."""

    text: str
    title: str


def cells_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The ranking's rows, in its order."""
    goal = data["goals"][0] if data["goals"] else {"name": "", "unit": ""}
    return [
        {
            "strategy": one["strategy"],
            "place": place,
            "best": spread_cell(one["best"], goal["name"], goal["unit"]),
            "hypervolume": spread_cell(one["hypervolume"], "hypervolume", ""),
            "reported": [
                (name, spread_cell(one["reported"].get(name), name, "%" if "error" in name else ""))
                for name in data["reported"]
            ],
            "rank": _rank(one),
            "wins": one["wins"],
            "seeds": one["seeds"],
            "difference": difference_cell(one),
            "runs": one["runs"],
            "ended": one["ended"],
        }
        for place, one in enumerate(data["methods"], start=1)
    ]


def spread_cell(spread: dict[str, Any] | None, name: str, unit: str) -> Cell | None:
    """Mean ± deviation, rounded the house's way."""
    if spread is None:
        return None
    mean, deviation = spread["mean"], spread["deviation"]
    text = number_text(name, mean, unit)
    title = f"mean {mean!r}"
    if deviation is not None:
        text += f" ± {_as_exact(deviation, text) or number_text(name, deviation, unit)}"
        title += f", standard deviation {deviation!r}"
    return Cell(text, f"{title}, {spread['count']} seeds")


def difference_cell(one: dict[str, Any]) -> Cell:
    """How a method stands against random search, in words."""
    found = one["difference"]
    if one["strategy"] == RANDOM_SEARCH:
        return Cell("–", "random search itself")
    if found is None:
        return Cell("–", "takes random search beside it, and two seeds of both with a number")
    p = f"p < {SMALL_P}" if found["p"] < SMALL_P else f"p = {found['p']:.2g}"
    side = max(found["effect"], 1 - found["effect"])
    size = next((word for least, word in EFFECTS if side >= least), "no")
    title = (
        f"Mann-Whitney, two-sided, p = {found['p']!r}; better than random search in "
        f"{100 * found['effect']:.3g} of 100 pairs (A12 = {found['effect']!r})"
    )
    if found["p"] >= SURE:
        return Cell(f"not sure ({p})", title)
    return Cell(f"{'better' if found['effect'] > 0.5 else 'worse'}, {size} effect ({p})", title)


def matrix_of(data: dict[str, Any]) -> dict[str, Any]:
    """Runs by method and seed: the seeds, and of each method one run (or None) a seed."""
    seeds = sorted({run["seed"] for run in data["runs"]})
    goal = data["goals"][0] if data["goals"] else {"name": "", "unit": ""}
    found = {
        (run["strategy"], run["seed"]): {
            **run,
            "text": number_text(goal["name"], run["best"], goal["unit"]),
        }
        for run in data["runs"]
    }
    rows = [
        {"strategy": one["strategy"], "runs": [found.get((one["strategy"], s)) for s in seeds]}
        for one in data["methods"]
    ]
    return {"seeds": seeds, "rows": rows}


def bulk_actions_of(study: Study) -> list[Action]:
    """The buttons that would do something to one run at least."""
    states = {RunState(state) for state in study.runs.values_list("state", flat=True).distinct()}
    return [ACTIONS[name] for name in BULK_ACTIONS if states & set(ALLOWED_IN[name])]


def _as_exact(deviation: float, text: str) -> str | None:
    """The deviation with as many decimals as a plain number; None where that would be 0."""
    if not text.replace(".", "").isdigit():
        return None
    short = fixed(deviation, len(text.partition(".")[2]))
    return short if float(short) else None


def _rank(one: dict[str, Any]) -> Cell | None:
    if one["rank"] is None:
        return None
    return Cell(f"{one['rank']:.2f}", f"mean rank {one['rank']!r} over {one['seeds']} seeds")

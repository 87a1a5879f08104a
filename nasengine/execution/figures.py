"""Tables and figures of a result; pandas and Plotly are imported when they are used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError
from ..core.objective import Goal
from ..core.text import shorten

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects

    from .result import Candidate, Result


def frame(result: Result) -> pandas.DataFrame:
    """Return one row per candidate, by number."""
    pandas = _optional("pandas", "to_frame")
    return pandas.DataFrame(rows(result))


def rows(result: Result) -> list[dict[str, Any]]:
    """Return one dict per candidate: number, state, values, whether on the front, and more.

    Every measured value is a column, None where a candidate has none.
    """
    front = {candidate.number for candidate in result.front}
    measured: dict[str, None] = {goal.name: None for goal in result.goals}
    for candidate in result.candidates:
        measured |= dict.fromkeys(candidate.values)
    return [
        {
            "number": candidate.number,
            "state": candidate.state,
            **{name: candidate.values.get(name) for name in measured},
            "on_front": candidate.number in front,
            "origin": candidate.proposal.origin,
            "parents": list(candidate.parents),
            "epochs": candidate.outcome.epochs,
            "seconds": candidate.outcome.seconds,
            "gpu_seconds": candidate.outcome.gpu_seconds,
            "reason": candidate.reason,
            "id": candidate.architecture.id,
            "text": candidate.text,
        }
        for candidate in result.candidates
    ]


def front_figure(result: Result, x: str | None, y: str | None) -> plotly.graph_objects.Figure:
    """Return all evaluated candidates as points and the front as a line over two objectives."""
    graph = _optional("plotly.graph_objects", "plot_front")
    goals = {goal.name: goal for goal in result.goals}
    for name in (x, y):
        if name is not None and name not in goals:
            raise EngineError(
                f"{shorten(name)} is not an objective of this result: use {', '.join(goals)}"
            )
    vertical = goals[y] if y is not None else result.goals[0]
    others = [goal for goal in result.goals if goal != vertical]
    horizontal = goals[x] if x is not None else (others[0] if others else None)
    done = [candidate for candidate in result.candidates if candidate.state == "done"]
    front = sorted(result.front, key=lambda candidate: _at(candidate, horizontal))
    figure = graph.Figure()
    figure.add_scatter(**_points(done, horizontal, vertical), name="evaluated", opacity=0.4)
    figure.add_scatter(**_points(front, horizontal, vertical), name="front")
    figure.data[1].update(mode="lines+markers" if len(result.goals) == 2 else "markers")
    figure.update_layout(
        title=f"{result.spec.strategy} on {result.spec.space}",
        xaxis_title="candidate" if horizontal is None else _axis(horizontal),
        yaxis_title=_axis(vertical),
    )
    return figure


def hypervolume_figure(result: Result) -> plotly.graph_objects.Figure:
    """Return the hypervolume after each candidate as a staircase."""
    graph = _optional("plotly.graph_objects", "plot_hypervolume")
    curve = result.run_front.curve
    counts = [point["told"] for point in curve]
    volumes = [point["hypervolume"] for point in curve]
    if curve and counts[-1] < len(result.candidates):
        counts, volumes = [*counts, len(result.candidates)], [*volumes, volumes[-1]]
    figure = graph.Figure()
    figure.add_scatter(x=counts, y=volumes, mode="lines", line_shape="hv", name="hypervolume")
    reference = ", ".join(
        f"{goal.name} {value:.4g}"
        for goal, value in zip(result.goals, result.run_front.reference or (), strict=False)
    )
    figure.update_layout(
        title=f"Hypervolume (reference point: {reference or 'none yet'})",
        xaxis_title="candidates evaluated",
        yaxis_title="share of the box dominated",
    )
    return figure


def _points(candidates: list[Candidate], x: Goal | None, y: Goal) -> dict[str, Any]:
    return {
        "x": [_at(candidate, x) for candidate in candidates],
        "y": [_at(candidate, y) for candidate in candidates],
        "text": [f"candidate {candidate.number}: {candidate.text}" for candidate in candidates],
        "mode": "markers",
    }


def _at(candidate: Candidate, goal: Goal | None) -> float:
    return candidate.number if goal is None else candidate.values.get(goal.name, float("nan"))


def _axis(goal: Goal) -> str:
    return f"{goal.name} ({goal.unit})" if goal.unit else goal.name


def _optional(module: str, caller: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise ImportError(
            f"{caller} needs {package}, which is not installed: pip install {package}"
        ) from None

"""Objectives and constraints of a search, from their names and texts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..catalog import has, load
from ..core.errors import EngineError
from ..core.estimator import Estimator
from ..core.objective import Constraint, Goal, parse_constraint, split_name
from ..core.text import one_line, shorten
from ..objectives.common.device_files import costed_device

MAX_OBJECTIVES = 6
MAX_CONSTRAINTS = 20
USUAL = {"images": ("error", "params"), "text": ("perplexity", "params")}


def usual_objectives(dataset: str) -> tuple[str, ...]:
    """Return the default objectives for a data set; those for images if it is unknown."""
    kind = load("datasets", dataset).kind if has("datasets", dataset) else "images"
    return USUAL[kind]


def named_goals(
    objectives: Any, estimator: Estimator, dataset: str, agents: Collection[str] = ()
) -> tuple[Goal, ...]:
    """Return the goals of these names, in their order.

    Args:
        objectives: Full names.
        estimator: The search's estimator, which may provide some of them.
        dataset: Name of the data set.
        agents: Names of the devices that measure by a device agent.

    Raises:
        EngineError: one of them does not exist, lacks a device or cannot be measured, a
            name is repeated, or there are none or too many; the message lists everything.
    """
    names = [name.strip() for name in _texts(objectives)]
    if not 1 <= len(names) <= MAX_OBJECTIVES:
        raise EngineError(f"there must be 1 to {MAX_OBJECTIVES} objectives (got {len(names)})")
    repeated = sorted({name for name in names if names.count(name) > 1})
    wrong = [f"{shorten(name)} is named twice" for name in repeated]
    goals = []
    for name in names:
        try:
            goals.append(_goal(name, estimator, dataset, agents))
        except EngineError as error:
            wrong.append(str(error))
    if wrong:
        raise EngineError("; ".join(wrong))
    return tuple(goals)


def named_constraints(constraints: Any, objectives: Any) -> tuple[Constraint, ...]:
    """Return the constraints of these texts, each on one of the objectives.

    Raises:
        EngineError: lists every invalid constraint with the rule that it breaks.
    """
    texts = _texts(constraints)
    if len(texts) > MAX_CONSTRAINTS:
        raise EngineError(f"there must be at most {MAX_CONSTRAINTS} constraints (got {len(texts)})")
    measured = [name.strip() for name in _texts(objectives)]
    found, wrong = [], []
    for text in texts:
        try:
            found.append(_constraint(text, measured))
        except EngineError as error:
            wrong.append(str(error))
    if wrong:
        raise EngineError("; ".join(wrong))
    return tuple(found)


def _goal(name: str, estimator: Estimator, dataset: str, agents: Collection[str]) -> Goal:
    own = estimator.goal(name, dataset)
    if own is not None:
        return own
    kind, device = split_name(name)
    objective = load("objectives", kind)
    goal = Goal(name, kind, device, objective.better, objective.unit)
    if device is not None and not objective.on_device:
        raise EngineError(f"{shorten(name)} names a device, but {kind} has none: write {kind}")
    provided = estimator.provides(goal)
    if objective.from_estimator and not provided:
        raise EngineError(
            f"{shorten(name)} is not reported by the estimator {estimator.name}: choose another"
        )
    if objective.on_device and not provided and device not in agents:
        costed_device(kind, device)
    return goal


def _constraint(text: str, measured: list[str]) -> Constraint:
    constraint = parse_constraint(text)
    if constraint.objective not in measured:
        raise EngineError(
            f"{shorten(text.strip())} bounds {shorten(constraint.objective, 40)}, "
            "which is not measured: "
            f"add it to the objectives ({one_line(', '.join(measured), 200)})"
        )
    return constraint


def _texts(values: Any) -> list[str]:
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, str) for v in values):
        raise EngineError("must be a list of texts, such as error and params")
    return list(values)

"""Assembly: from a Question to the parts that answer it. Nothing here loads torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .catalog import load
from .core.errors import DataMissing, EngineError, InvalidSettings
from .core.estimator import Estimator
from .core.objective import Constraint, Goal, parse_constraint, split_name
from .core.question import Question
from .core.settings import from_mapping, setting, to_mapping
from .core.space import Space
from .core.strategy import Strategy, Task
from .data.roots import allowed
from .objectives.device_files import measured_device

T = TypeVar("T")
# Part of a question -> kind of the catalogue.
PARTS = {
    "space": "spaces",
    "strategy": "strategies",
    "estimator": "estimators",
    "dataset": "datasets",
}
MOST_OBJECTIVES = 6
MOST_CONSTRAINTS = 20


@dataclass(frozen=True)
class Budget:
    """The numbers of a question that belong to no part of it."""

    candidates: int = setting(100, "Candidates to evaluate in all.", low=1, high=100_000)
    seed: int = setting(0, "The same seed, the same search.", low=0, high=2**63 - 1)
    in_flight: int = setting(1, "Candidates that may be unfinished at once.", low=1, high=64)
    deterministic: bool = setting(True, "Tell outcomes in the order of asking.")


def check(question: Question) -> Question:
    """The question with every setting written out in its own type.

    Raises:
        InvalidSettings: names every wrong setting by its dotted path
            ("strategy_config.population"); wrong objectives and constraints stand under
            "objectives" and "constraints".
    """
    errors: dict[str, str] = {}
    asked = {field.name: getattr(question, field.name) for field in dataclasses.fields(Budget)}
    budget = _collected(errors, "", lambda: from_mapping(Budget, asked))
    made = {}
    for part in PARTS:
        if part != "dataset" or _trains(question):
            config = _collected(errors, part, lambda part=part: _config(question, part))
            made |= {} if config is None else {part: config}
    suits = _check_fit(question, made, errors)
    goals = _collected(errors, "objectives", lambda: goals_of(question)) if suits else None
    _collected(errors, "constraints", lambda: constraints_of(question))
    if errors:
        raise InvalidSettings(errors)
    whole = dataclasses.replace(
        question,
        objectives=tuple(goal.name for goal in goals or ()),
        constraints=tuple(text.strip() for text in question.constraints),
        **to_mapping(budget),
        **{f"{part}_config": to_mapping(config) for part, config in made.items()},
    )
    _collected(errors, "strategy", lambda: make_strategy(whole))
    if errors:
        raise InvalidSettings(errors)
    return whole


def make_space(question: Question) -> Space:
    """The space with its settings.

    Raises:
        EngineError: an unknown name or wrong settings; so do the others below.
    """
    return _made(question, "space")


def make_estimator(question: Question) -> Estimator:
    """The estimator with its settings."""
    return _made(question, "estimator")


def make_strategy(question: Question) -> Strategy:
    """A strategy at its beginning; `load_state_dict` takes it further."""
    task = Task(
        make_space(question),
        goals_of(question),
        constraints_of(question),
        question.seed,
        question.candidates,
    )
    config = _config(question, "strategy")
    return load("strategies", question.strategy)(config, task)


def goals_of(question: Question) -> tuple[Goal, ...]:
    """The objectives with direction and unit, in the order they are named.

    Raises:
        EngineError: one of them does not exist, lacks a device or cannot be measured, a
            name comes twice, or there are none or too many; says all of it.
    """
    names = [name.strip() for name in _texts(question.objectives)]
    if not 1 <= len(names) <= MOST_OBJECTIVES:
        raise EngineError(f"{len(names)} objectives are named: name 1 to {MOST_OBJECTIVES}")
    estimator = make_estimator(question)
    goals, wrong = [], [f"{name[:60]} is named twice" for name in sorted(_repeated(names))]
    for name in names:
        try:
            goals.append(_goal(name, estimator, question))
        except EngineError as error:
            wrong.append(str(error))
    if wrong:
        raise EngineError("; ".join(wrong))
    return tuple(goals)


def constraints_of(question: Question) -> tuple[Constraint, ...]:
    """The constraints, each on one of the objectives.

    Raises:
        EngineError: says what is wrong with each wrong one.
    """
    texts = _texts(question.constraints)
    if len(texts) > MOST_CONSTRAINTS:
        raise EngineError(f"{len(texts)} constraints are named: at most {MOST_CONSTRAINTS}")
    measured = [name.strip() for name in _texts(question.objectives)]
    constraints, wrong = [], []
    for text in texts:
        try:
            constraint = parse_constraint(text)
        except EngineError as error:
            wrong.append(str(error))
            continue
        constraints.append(constraint)
        if constraint.objective not in measured:
            wrong.append(
                f"{text.strip()[:60]} bounds {constraint.objective[:40]}, which is not measured: "
                f"add it to the objectives ({', '.join(measured)[:200]})"
            )
    if wrong:
        raise EngineError("; ".join(wrong))
    return tuple(constraints)


def _collected(errors: dict[str, str], path: str, act: Callable[[], T]) -> T | None:
    """What `act` gives, or None with its refusal added: the first word on a path stays."""
    try:
        return act()
    except InvalidSettings as error:
        for name, text in error.errors.items():
            errors.setdefault(name, text)
    except EngineError as error:
        errors.setdefault(path, str(error))
    return None


def _goal(name: str, estimator: Estimator, question: Question) -> Goal:
    own = estimator.goal(name, question.dataset)
    if own is not None:
        return own
    kind, device = split_name(name)
    objective = load("objectives", kind)
    goal = Goal(name, kind, device, objective.better, objective.unit)
    if device is not None and not objective.on_device:
        raise EngineError(f"{name[:60]} names a device, but {kind} has none: write {kind}")
    if objective.from_estimator and not estimator.provides(goal):
        raise EngineError(
            f"{name[:60]} is not reported by the estimator {question.estimator}: choose another"
        )
    if objective.on_device and not estimator.provides(goal):
        measured_device(kind, device)
    return goal


def _check_fit(question: Question, made: dict[str, Any], errors: dict[str, str]) -> bool:
    """What the parts say of each other; whether the estimator can be asked for its goals."""
    if "dataset" in made:
        _check_path(made["dataset"], question.dataset, errors)
    if "estimator" not in made:
        return False
    estimator = load("estimators", question.estimator)(made["estimator"])
    if "space" not in made:
        return estimator.builds_network
    space = load("spaces", question.space)
    if "strategy" in made:
        missing = sorted(load("strategies", question.strategy).needs - space.offers)
        if missing:
            errors["strategy"] = (
                f"{question.strategy} needs {', '.join(missing)}, which the space "
                f"{question.space} does not offer: choose another strategy or space"
            )
    objections = estimator.objections(space(made["space"]), question.dataset)
    for path, text in objections.items():
        errors.setdefault(path, text)
    return not objections


def _check_path(config: Any, dataset: str, errors: dict[str, str]) -> None:
    """Whether a data set that is read from files says where they are."""
    path = getattr(config, "path", None)
    if path is None:
        return
    if not path.strip():
        errors["dataset_config.path"] = f"is empty: name the folder or file of {dataset}"
        return
    try:
        allowed(path.strip())
    except DataMissing:
        pass  # the machine that trains may know the way
    except EngineError as error:
        errors["dataset_config.path"] = str(error)


def _trains(question: Question) -> bool:
    """Whether a data set is read; also where the estimator is not known."""
    try:
        return load("estimators", question.estimator).builds_network
    except EngineError:
        return True


def _made(question: Question, part: str) -> Any:
    return load(PARTS[part], getattr(question, part))(_config(question, part))


def _config(question: Question, part: str) -> Any:
    """The checked settings of one part."""
    found = load(PARTS[part], getattr(question, part))
    values = getattr(question, f"{part}_config")
    if not isinstance(values, dict):
        raise InvalidSettings({f"{part}_config": "is not an object of names and values"})
    return from_mapping(found.Config, values, f"{part}_config.")


def _texts(values: Any) -> list[str]:
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, str) for v in values):
        raise EngineError("this is not a list of texts: give names such as error and params")
    return list(values)


def _repeated(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}

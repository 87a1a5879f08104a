"""Assembly: from a Question to the parts that answer it. Nothing here loads torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from .catalog import KINDS, load, names
from .core.errors import DataMissing, EngineError, InvalidSettings
from .core.estimator import Estimator
from .core.objective import Constraint, Goal
from .core.question import Question
from .core.settings import from_mapping, setting, to_mapping
from .core.space import Space
from .core.strategy import Strategy, Task
from .data.roots import allowed
from .goals import named_constraints, named_goals

T = TypeVar("T")
# Part of a question -> kind of the catalogue.
PARTS = {
    "space": "spaces",
    "strategy": "strategies",
    "estimator": "estimators",
    "dataset": "datasets",
}


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
    made: dict[str, Any] = {}
    for part in PARTS:
        if part != "dataset" or _trains(question):
            made[part] = _collected(errors, part, partial(_config, question, part))
    made = {part: config for part, config in made.items() if config is not None}
    _check_strategy(question, made, errors)
    _check_data(question, made, errors)
    if "dataset" in made:
        _check_path(made["dataset"], question.dataset, errors)
    goals = None
    if (estimator := _knows_its_goals(question, made, errors)) is not None:
        goals = _collected(
            errors,
            "objectives",
            partial(named_goals, question.objectives, estimator, question.dataset),
        )
    if goals is not None and "dataset" in made:
        _check_meaning(goals, question.dataset, errors)
    _collected(errors, "constraints", lambda: constraints_of(question))
    if errors:
        raise InvalidSettings(errors)
    values: dict[str, Any] = {
        "objectives": tuple(goal.name for goal in goals or ()),
        "constraints": tuple(text.strip() for text in question.constraints),
        **to_mapping(budget),
        **{f"{part}_config": to_mapping(config) for part, config in made.items()},
    }
    whole = dataclasses.replace(question, **values)
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
    return load("strategies", question.strategy)(strategy_config(question), task)


def strategy_config(question: Question) -> Any:
    """The strategy's settings."""
    return _config(question, "strategy")


def goals_of(question: Question, estimator: Estimator | None = None) -> tuple[Goal, ...]:
    """The objectives with direction and unit, in the order they are named.

    Who has made the question's estimator gives it: making one checks all of its settings.
    """
    known = estimator or make_estimator(question)
    return named_goals(question.objectives, known, question.dataset)


def constraints_of(question: Question) -> tuple[Constraint, ...]:
    """The constraints, each on one of the objectives."""
    return named_constraints(question.constraints, question.objectives)


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


def _check_strategy(question: Question, made: dict[str, Any], errors: dict[str, str]) -> None:
    """Whether the space offers what the strategy needs."""
    if "space" not in made or "strategy" not in made:
        return
    needs, offers = (load(PARTS[p], getattr(question, p)) for p in ("strategy", "space"))
    if missing := sorted(needs.needs - offers.offers):
        errors["strategy"] = (
            f"{question.strategy} needs {', '.join(missing)}, which the space "
            f"{question.space} does not offer: choose another strategy or space"
        )
    elif "shared" in needs.needs and not _trains_alone(question):
        errors["strategy"] = (
            f"{question.strategy} trains a shared network, and with the estimator "
            f"{question.estimator} no candidate is trained alone: choose train, or another strategy"
        )


def _check_data(question: Question, made: dict[str, Any], errors: dict[str, str]) -> None:
    """Whether the space reads what the data set holds."""
    if "space" not in made or "dataset" not in made:
        return
    reads = load("spaces", question.space).reads
    holds = load("datasets", question.dataset).kind
    if reads != holds:
        fitting = [name for name in names("datasets") if load("datasets", name).kind == reads]
        errors["dataset"] = (
            f"{question.dataset} holds {holds}, but the space {question.space} reads {reads}: "
            f"choose one of {', '.join(fitting)}, or another space"
        )


def _check_meaning(goals: tuple[Goal, ...], dataset: str, errors: dict[str, str]) -> None:
    """Whether every objective has a meaning for what the data set holds."""
    holds = load("datasets", dataset).kind
    for goal in goals:
        if goal.kind in KINDS["objectives"] and holds not in load("objectives", goal.kind).of:
            errors["objectives"] = (
                f"{goal.name} has no meaning for {holds}, which {dataset} holds: leave it out"
            )


def _knows_its_goals(
    question: Question, made: dict[str, Any], errors: dict[str, str]
) -> Estimator | None:
    """An estimator that can be asked for goals; adds what it objects to.

    One with wrong settings still can where its goals do not come out of them.
    """
    try:
        found = load("estimators", question.estimator)
    except EngineError:
        return None
    if "estimator" not in made or "space" not in made:
        return found(found.Config()) if found.builds_network else None
    estimator = found(made["estimator"])
    space = load("spaces", question.space)(made["space"])
    objections = estimator.objections(space, question.dataset)
    for path, text in objections.items():
        errors.setdefault(path, text)
    return None if objections else estimator


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


def _trains_alone(question: Question) -> bool:
    """Whether candidates get weights of their own; also where the estimator is not known."""
    try:
        return bool(load("estimators", question.estimator).alone)
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

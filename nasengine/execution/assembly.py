"""Assembly: from a SearchSpec to the parts that answer it. Nothing here loads torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..catalog import has, load, names
from ..core.errors import DataMissing, EngineError, InvalidSettings
from ..core.estimator import Estimator
from ..core.objective import Constraint, Goal
from ..core.search_spec import SearchSpec
from ..core.settings import from_mapping, setting, to_mapping
from ..core.space import Space
from ..core.strategy import Strategy, Task
from ..data.common.roots import allowed_path
from .goals import named_constraints, named_goals

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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
    """The search settings that belong to no plugin: budget, seed and order of results."""

    candidates: int = setting(100, "Number of candidates to evaluate.", low=1, high=100_000)
    seed: int = setting(
        0, "Random seed; the same seed gives the same search.", low=0, high=2**63 - 1
    )
    in_flight: int = setting(1, "How many candidates may train at the same time.", low=1, high=64)
    deterministic: bool = setting(True, "Results reach the strategy in proposal order.")


def check(spec: SearchSpec) -> SearchSpec:
    """The question with every setting written out in its own type.

    Raises:
        InvalidSettings: names every wrong setting by its dotted path
            ("strategy_config.population"); wrong objectives and constraints stand under
            "objectives" and "constraints".
    """
    errors: dict[str, str] = {}
    asked = {field.name: getattr(spec, field.name) for field in dataclasses.fields(Budget)}
    budget = _collected(errors, "", lambda: from_mapping(Budget, asked))
    made: dict[str, Any] = {}
    for part in PARTS:
        if part != "dataset" or _trains(spec):
            made[part] = _collected(errors, part, partial(_config, spec, part))
    made = {part: config for part, config in made.items() if config is not None}
    _check_strategy(spec, made, errors)
    _check_data(spec, made, errors)
    if "dataset" in made:
        _check_path(made["dataset"], spec.dataset, errors)
    goals = None
    if (estimator := _knows_its_goals(spec, made, errors)) is not None:
        goals = _collected(
            errors,
            "objectives",
            partial(named_goals, spec.objectives, estimator, spec.dataset),
        )
    if goals is not None and "dataset" in made:
        _check_meaning(goals, spec.dataset, errors)
    _collected(errors, "constraints", lambda: constraints_of(spec))
    if errors:
        raise InvalidSettings(errors)
    values: dict[str, Any] = {
        "objectives": tuple(goal.name for goal in goals or ()),
        "constraints": tuple(text.strip() for text in spec.constraints),
        **(to_mapping(budget) if budget is not None else {}),
        **{f"{part}_config": to_mapping(config) for part, config in made.items()},
    }
    whole = dataclasses.replace(spec, **values)
    _collected(errors, "strategy", lambda: make_strategy(whole))
    if errors:
        raise InvalidSettings(errors)
    return whole


def make_space(spec: SearchSpec) -> Space:
    """The space with its settings.

    Raises:
        EngineError: an unknown name or wrong settings; so do the others below.
    """
    return _made(spec, "space")


def make_estimator(spec: SearchSpec) -> Estimator:
    """The estimator with its settings."""
    return _made(spec, "estimator")


def make_strategy(spec: SearchSpec) -> Strategy:
    """A strategy at its beginning; `load_state_dict` takes it further."""
    task = Task(
        make_space(spec),
        goals_of(spec),
        constraints_of(spec),
        spec.seed,
        spec.candidates,
    )
    return load("strategies", spec.strategy)(strategy_config(spec), task)


def strategy_config(spec: SearchSpec) -> Any:
    """The strategy's settings."""
    return _config(spec, "strategy")


def goals_of(spec: SearchSpec, estimator: Estimator | None = None) -> tuple[Goal, ...]:
    """The objectives with direction and unit, in the order they are named.

    Who has made the question's estimator gives it: making one checks all of its settings.
    """
    known = estimator or make_estimator(spec)
    return named_goals(spec.objectives, known, spec.dataset)


def constraints_of(spec: SearchSpec) -> tuple[Constraint, ...]:
    """The constraints, each on one of the objectives."""
    return named_constraints(spec.constraints, spec.objectives)


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


def _check_strategy(spec: SearchSpec, made: dict[str, Any], errors: dict[str, str]) -> None:
    """Whether the space offers what the strategy needs."""
    if "space" not in made or "strategy" not in made:
        return
    requires, capabilities = (load(PARTS[p], getattr(spec, p)) for p in ("strategy", "space"))
    if missing := sorted(requires.requires - capabilities.capabilities):
        errors["strategy"] = (
            f"{spec.strategy} needs {', '.join(missing)}, which the space "
            f"{spec.space} does not offer: choose another strategy or space"
        )
    elif "supernet" in requires.requires and not _trains_alone(spec):
        errors["strategy"] = (
            f"{spec.strategy} retrains candidates of its supernet from scratch, which the "
            f"estimator {spec.estimator} does not: choose train, or another strategy"
        )


def _check_data(spec: SearchSpec, made: dict[str, Any], errors: dict[str, str]) -> None:
    """Whether the space reads what the data set holds."""
    if "space" not in made or "dataset" not in made:
        return
    data_kind = load("spaces", spec.space).data_kind
    holds = load("datasets", spec.dataset).kind
    if data_kind != holds:
        fitting = [name for name in names("datasets") if load("datasets", name).kind == data_kind]
        errors["dataset"] = (
            f"{spec.dataset} holds {holds}, but the space {spec.space} reads {data_kind}: "
            f"choose one of {', '.join(fitting)}, or another space"
        )


def _check_meaning(goals: tuple[Goal, ...], dataset: str, errors: dict[str, str]) -> None:
    """Whether every objective has a meaning for what the data set holds."""
    holds = load("datasets", dataset).kind
    for goal in goals:
        if has("objectives", goal.kind) and holds not in load("objectives", goal.kind).data_kinds:
            errors["objectives"] = (
                f"{goal.name} has no meaning for {holds}, which {dataset} holds: leave it out"
            )


def _knows_its_goals(
    spec: SearchSpec, made: dict[str, Any], errors: dict[str, str]
) -> Estimator | None:
    """An estimator that can be asked for goals; adds what it objects to.

    One with wrong settings still can where its goals do not come out of them.
    """
    try:
        found = load("estimators", spec.estimator)
    except EngineError:
        return None
    if "estimator" not in made or "space" not in made:
        return found(found.Config()) if found.builds_network else None
    estimator = found(made["estimator"])
    space = load("spaces", spec.space)(made["space"])
    objections = estimator.objections(space, spec.dataset)
    for path, text in objections.items():
        errors.setdefault(path, text)
    return None if objections else estimator


def _check_path(config: DataclassInstance, dataset: str, errors: dict[str, str]) -> None:
    """Whether a data set that is read from files says where they are."""
    path = getattr(config, "path", None)
    if path is None:
        return
    if not path.strip():
        errors["dataset_config.path"] = f"is empty: name the folder or file of {dataset}"
        return
    try:
        allowed_path(path.strip())
    except DataMissing:
        pass  # the machine that trains may know the way
    except EngineError as error:
        errors["dataset_config.path"] = str(error)


def _trains(spec: SearchSpec) -> bool:
    """Whether a data set is read; also where the estimator is not known."""
    try:
        return load("estimators", spec.estimator).builds_network
    except EngineError:
        return True


def _trains_alone(spec: SearchSpec) -> bool:
    """Whether candidates get weights of their own; also where the estimator is not known."""
    try:
        return bool(load("estimators", spec.estimator).trains_standalone)
    except EngineError:
        return True


def _made(spec: SearchSpec, part: str) -> Any:
    return load(PARTS[part], getattr(spec, part))(_config(spec, part))


def _config(spec: SearchSpec, part: str) -> Any:
    """The checked settings of one part."""
    found = load(PARTS[part], getattr(spec, part))
    values = getattr(spec, f"{part}_config")
    if not isinstance(values, dict):
        raise InvalidSettings({f"{part}_config": "is not an object of names and values"})
    return from_mapping(found.Config, values, f"{part}_config.")

"""Assembly: check a SearchSpec and create the parts of its search. Nothing here loads torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..catalog import has, load, names
from ..core.errors import DataForbidden, DataMissing, EngineError, InvalidSettings
from ..core.estimator import Estimator
from ..core.objective import Constraint, Goal
from ..core.search_spec import SearchSpec
from ..core.settings import from_mapping, to_mapping
from ..core.space import Space
from ..core.strategy import Strategy, Task
from ..data.common.registered import RegisteredData
from ..data.common.roots import allowed_path
from .budget_settings import Budget
from .fewer_epochs import parts_objection
from .goals import named_constraints, named_goals
from .screen_objection import proxy_objection, screen_objection

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
# Part of a search -> kind of the catalogue.
PARTS = {
    "space": "spaces",
    "strategy": "strategies",
    "estimator": "estimators",
    "dataset": "datasets",
}


def check(spec: SearchSpec) -> SearchSpec:
    """Return the settings with every default filled in and every value in its own type.

    Raises:
        InvalidSettings: names every invalid setting by its dotted path, such as
            "strategy_config.population"; objectives and constraints are under "objectives" and
            "constraints".
    """
    errors: dict[str, str] = {}
    values_given = {field.name: getattr(spec, field.name) for field in dataclasses.fields(Budget)}
    budget = _collected(errors, "", lambda: from_mapping(Budget, values_given))
    configs: dict[str, Any] = {}
    for part in PARTS:
        if part != "dataset" or _trains(spec):
            configs[part] = _collected(errors, part, partial(_config, spec, part))
    configs = {part: config for part, config in configs.items() if config is not None}
    _check_strategy(spec, configs, errors)
    _check_networks(spec, errors)
    if objection := parts_objection(spec):
        errors["fewer_epochs"] = objection
    if objection := screen_objection(spec):
        errors["proxy"] = objection
    _check_data(spec, configs, errors)
    if "dataset" in configs:
        _check_path(configs["dataset"], spec.dataset, errors)
    goals = None
    if (estimator := _estimator_with_goals(spec, configs, errors)) is not None:
        goals = _collected(
            errors,
            "objectives",
            partial(named_goals, spec.objectives, estimator, spec.dataset, spec.devices),
        )
    if goals is not None and "dataset" in configs:
        _check_meaning(goals, spec.dataset, errors)
    _collected(errors, "constraints", lambda: constraints_of(spec))
    if errors:
        raise InvalidSettings(errors)
    values: dict[str, Any] = {
        "objectives": tuple(goal.name for goal in goals or ()),
        "constraints": tuple(text.strip() for text in spec.constraints),
        **(to_mapping(budget) if budget is not None else {}),
        **{f"{part}_config": to_mapping(config) for part, config in configs.items()},
    }
    checked = dataclasses.replace(spec, **values)
    strategy = _collected(errors, "strategy", lambda: make_strategy(checked))
    wanted = strategy.proxies if strategy is not None else ()
    if wanted and (objection := proxy_objection(checked, wanted)):
        errors["strategy"] = (
            f"asks for the scores of {', '.join(wanted)}, which do not fit {objection}"
        )
    if errors:
        raise InvalidSettings(errors)
    return checked


def make_space(spec: SearchSpec) -> Space:
    """Create the space.

    Raises:
        EngineError: an unknown name or invalid settings; likewise for the functions below.
    """
    return _made(spec, "space")


def make_estimator(spec: SearchSpec) -> Estimator:
    """Create the estimator."""
    return _made(spec, "estimator")


def make_strategy(spec: SearchSpec) -> Strategy:
    """Create the strategy in its initial state; `load_state_dict` restores a later one."""
    task = Task(
        make_space(spec),
        goals_of(spec),
        constraints_of(spec),
        spec.seed,
        spec.candidates,
    )
    return load("strategies", spec.strategy)(strategy_config(spec), task)


def strategy_config(spec: SearchSpec) -> Any:
    """Return the strategy's checked settings."""
    return _config(spec, "strategy")


def goals_of(spec: SearchSpec, estimator: Estimator | None = None) -> tuple[Goal, ...]:
    """Return the objectives with direction and unit, in the order they are named.

    Args:
        spec: The search settings.
        estimator: The search's estimator if it exists already; creating one checks its settings.
    """
    used = estimator or make_estimator(spec)
    return named_goals(spec.objectives, used, spec.dataset, spec.devices)


def constraints_of(spec: SearchSpec) -> tuple[Constraint, ...]:
    """Return the constraints, each on one of the objectives."""
    return named_constraints(spec.constraints, spec.objectives)


def is_lookup(spec: SearchSpec) -> bool:
    """Return whether candidates are looked up in stored data, which costs no training."""
    try:
        return bool(load("estimators", spec.estimator).is_lookup)
    except EngineError:
        return False


def _collected(errors: dict[str, str], path: str, act: Callable[[], T]) -> T | None:
    """Return the result of `act`, or None and add its error, unless its path has one already."""
    try:
        return act()
    except InvalidSettings as error:
        for name, text in error.errors.items():
            errors.setdefault(name, text)
    except EngineError as error:
        errors.setdefault(path, str(error))
    return None


def _check_strategy(spec: SearchSpec, configs: dict[str, Any], errors: dict[str, str]) -> None:
    """Check that the strategy fits the space and the estimator."""
    if "space" not in configs or "strategy" not in configs:
        return
    if objection := strategy_objection(spec):
        errors["strategy"] = objection


def _check_networks(spec: SearchSpec, errors: dict[str, str]) -> None:
    """Check that the space builds the networks that the estimator needs."""
    if not (has("estimators", spec.estimator) and has("spaces", spec.space)):
        return
    if objection := network_objection(spec):
        errors.setdefault("estimator", objection)


def network_objection(spec: SearchSpec) -> str:
    """Return why the estimator cannot get networks from the space; empty if it needs none.

    Raises:
        EngineError: the estimator or the space is unknown.
    """
    estimator, space = (load(PARTS[p], getattr(spec, p)) for p in ("estimator", "space"))
    if not estimator.builds_network or space.builds_networks:
        return ""
    return (
        f"{spec.estimator} needs networks, but an architecture of {spec.space} is only a list of "
        "decisions: choose table, with a table of these architectures, or another space"
    )


def strategy_objection(spec: SearchSpec) -> str:
    """Return why the strategy does not fit the space or the estimator; empty if it fits both.

    Raises:
        EngineError: the strategy or the space is unknown.
    """
    strategy, space = (load(PARTS[p], getattr(spec, p)) for p in ("strategy", "space"))
    if missing := sorted(strategy.requires - space.capabilities):
        return (
            f"{spec.strategy} requires {', '.join(missing)}, which the space "
            f"{spec.space} does not have: choose another strategy or space"
        )
    if "supernet" in strategy.requires and not _trains_standalone(spec):
        return (
            f"{spec.strategy} retrains candidates of its supernet from scratch, which the "
            f"estimator {spec.estimator} does not: choose train, or another strategy"
        )
    return ""


def _check_data(spec: SearchSpec, configs: dict[str, Any], errors: dict[str, str]) -> None:
    """Check that the space reads the kind of data that the data set has."""
    if "space" not in configs or "dataset" not in configs:
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
    """Check that every objective is defined for the kind of data."""
    holds = load("datasets", dataset).kind
    for goal in goals:
        if has("objectives", goal.kind) and holds not in load("objectives", goal.kind).data_kinds:
            errors["objectives"] = (
                f"{goal.name} has no meaning for {holds}, which {dataset} holds: leave it out"
            )


def _estimator_with_goals(
    spec: SearchSpec, configs: dict[str, Any], errors: dict[str, str]
) -> Estimator | None:
    """Return an estimator that can name its goals, and add its objections to the errors.

    If its settings are invalid and its goals do not depend on them, it has the default settings.
    """
    try:
        estimator_class = load("estimators", spec.estimator)
    except EngineError:
        return None
    if "estimator" not in configs or "space" not in configs:
        return estimator_class(estimator_class.Config()) if estimator_class.builds_network else None
    estimator = estimator_class(configs["estimator"])
    space = load("spaces", spec.space)(configs["space"])
    objections = estimator.objections(space, spec.dataset)
    for path, text in objections.items():
        errors.setdefault(path, text)
    return None if objections else estimator


def _check_path(config: DataclassInstance, dataset: str, errors: dict[str, str]) -> None:
    """Check the paths of a data set that is read from files."""
    if not getattr(config, "path", "-").strip():
        errors["dataset_config.path"] = f"is empty: name the folder or file of {dataset}"
    for name in ("path", "test_path"):
        text = getattr(config, name, "").strip()
        try:
            if text and RegisteredData.of_path(text) is None:
                allowed_path(text)
        except DataForbidden as error:
            errors[f"dataset_config.{name}"] = str(error)
        except DataMissing:
            pass  # the machine that trains may have the files
        except EngineError as error:
            errors[f"dataset_config.{name}"] = str(error)


def _trains(spec: SearchSpec) -> bool:
    """Return whether a data set is read; true if the estimator is unknown."""
    try:
        return load("estimators", spec.estimator).builds_network
    except EngineError:
        return True


def _trains_standalone(spec: SearchSpec) -> bool:
    """Return whether candidates are trained stand-alone; true if the estimator is unknown."""
    try:
        return bool(load("estimators", spec.estimator).trains_standalone)
    except EngineError:
        return True


def _made(spec: SearchSpec, part: str) -> Any:
    return load(PARTS[part], getattr(spec, part))(_config(spec, part))


def _config(spec: SearchSpec, part: str) -> Any:
    """Return the checked settings of one part."""
    plugin = load(PARTS[part], getattr(spec, part))
    values = getattr(spec, f"{part}_config")
    if not isinstance(values, dict):
        raise InvalidSettings({f"{part}_config": "must be an object of setting names and values"})
    return from_mapping(plugin.Config, values, f"{part}_config.")

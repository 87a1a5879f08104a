"""Parts of a search, given by name or as objects -> names and settings of a SearchSpec."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog import BASES, has, load, register
from ..core.errors import EngineError
from ..core.objective import Goal, Objective
from ..core.settings import to_mapping
from ..core.text import shorten
from .assembly import PARTS
from .function_estimator import function_estimator

Settings = Mapping[str, Any] | object | None


def resolve(part: str, given: Any, settings: Settings) -> tuple[str, dict[str, Any]]:
    """Return catalogue name and settings of one part.

    Args:
        part: `space`, `strategy`, `estimator` or `dataset`.
        given: A catalogue name, a class, or an object of such a class. A class that the
            catalogue lacks is registered under its own name. An object stands for its class and
            settings; a strategy starts from its initial state.
        settings: A mapping, or an object of the class's `Config`; not together with an object.

    Raises:
        EngineError: another type, or settings given twice.
    """
    kind = PARTS[part]
    if isinstance(given, str):
        return given, _mapping(part, settings)
    base = BASES[kind]
    if isinstance(given, base):
        if settings is not None:
            raise EngineError(f"{part}_config: the {part} is an object and has its settings")
        return _name_of(kind, type(given)), _mapping(part, given.config)  # type: ignore[attr-defined]
    if isinstance(given, type) and issubclass(given, base):
        return _name_of(kind, given), _mapping(part, settings)
    raise EngineError(
        f"{part} must be a catalogue name, a subclass of {base.__name__} or an object of one "
        f"(got {shorten(given)})"
    )


def resolve_estimator(
    given: Any, settings: Settings, goals: Mapping[str, Goal]
) -> tuple[str, dict[str, Any]]:
    """Return catalogue name and settings of an estimator, which may be a plain function.

    Args:
        given: As for `resolve`, or a function of an architecture.
        settings: As for `resolve`.
        goals: Direction and unit of the objectives that a function provides.
    """
    plain = callable(given) and not isinstance(given, (type, BASES["estimators"]))
    return resolve("estimator", function_estimator(given, goals) if plain else given, settings)


def resolve_objectives(given: Sequence[Any] | str) -> tuple[tuple[str, ...], dict[str, Goal]]:
    """Return the names of objectives, and direction and unit of those given as a Goal.

    Args:
        given: Names, subclasses of `Objective` or objects of one, or `Goal` objects. A single
            string may name several, separated by commas.

    Raises:
        EngineError: an entry of another type.
    """
    if isinstance(given, str):
        given = [name.strip() for name in given.split(",") if name.strip()]
    goals = {goal.name: goal for goal in given if isinstance(goal, Goal)}
    return tuple(_objective_name(entry) for entry in given), goals


def _objective_name(given: Any) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, Goal):
        return given.name
    objective = given if isinstance(given, type) else type(given)
    if not issubclass(objective, Objective):
        raise EngineError(
            "objectives must be names such as error, subclasses of Objective or Goal objects "
            f"(got {shorten(given)})"
        )
    return _name_of("objectives", objective)


def _name_of(kind: str, plugin: Any) -> str:
    """Return the catalogue name of a class; register the class if the catalogue lacks it."""
    name = getattr(plugin, "kind" if kind == "objectives" else "name", "")
    if not has(kind, name) or load(kind, name) is not plugin:
        register(kind, plugin)
    return str(name)


def _mapping(part: str, settings: Settings) -> dict[str, Any]:
    if settings is None:
        return {}
    if isinstance(settings, Mapping):
        return dict(settings)
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        return to_mapping(settings)
    raise EngineError(
        f"{part}_config must be a mapping of setting names to values (got {shorten(settings)})"
    )

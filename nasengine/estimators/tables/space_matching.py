"""Validation of a table's keys as architectures of a space."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, cast

from ...core.architecture import Architecture
from ...core.errors import EngineError
from ...core.settings import from_mapping
from ...core.space import Space
from ...core.text import one_line, shorten
from .keys import JOINT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_LISTED = 100_000  # largest space whose texts and ids are enumerated


@dataclass(frozen=True)
class Fit:
    """The result of validating keys against a space.

    Attributes:
        checked: Number of validated keys.
        fits: Number of keys that are architectures of the space.
        unknown: Number of texts and ids of a space that is too large to enumerate.
        misfit: The first key that is not an architecture.
        size: Number of architectures of the space if it was enumerated.
    """

    checked: int = 0
    fits: int = 0
    unknown: int = 0
    misfit: str = ""
    size: int | None = None


@lru_cache(maxsize=4)
def _names(space: type[Space], config: Hashable) -> frozenset[str]:
    """Return the texts and ids of all architectures; takes seconds, so it is cached."""
    instance = space(cast("DataclassInstance", config))
    architectures = list(instance.enumerate())
    return frozenset([instance.text(a) for a in architectures] + [a.id for a in architectures])


def settings_mismatches(space: Space, measured: dict[str, Any], table: str) -> dict[str, str]:
    """Return which settings of a space differ from those that a table was measured with.

    Args:
        space: The space of the search.
        measured: The settings of the measurement. A list, such as operations, may be shorter in
            the search: that only leaves a part of the architectures.
        table: The table's name for people.

    Returns:
        Dotted setting -> message; empty if all settings fit.
    """
    if not space.builds_networks:
        return _decision_mismatches(space, measured, table)
    errors = {}
    for name, value in measured.items():
        given = getattr(space.config, name)
        fits = set(given) <= set(value) if isinstance(value, list) else given == value
        if not fits:
            errors[f"space_config.{name}"] = (
                f"must be {_joined(value)} for the table {table} (got {_joined(given)})"
            )
    return errors


def _decision_mismatches(space: Space, measured: dict[str, Any], table: str) -> dict[str, str]:
    """Return which decisions differ from those of a table; options may be left out."""
    cls = type(space)
    whole = cls(from_mapping(cls.Config, measured)).decisions()
    given = space.decisions()
    names, known = [d.name for d in given], [d.name for d in whole]
    if names != known:
        text = (
            f"must be those of the table {table}, in its order: {one_line(', '.join(known), 200)}"
        )
        return {"space_config.decisions": f"{text} (got {one_line(', '.join(names), 200)})"}
    for decision, menu in zip(given, whole, strict=True):
        if unknown := [option for option in decision.options if option not in menu.options]:
            return {
                "space_config.decisions": f"{decision.name} has the option {unknown[0]}, which the "
                f"table {table} lacks: choose from {one_line(', '.join(menu.options), 200)}"
            }
    template, measured_template = (
        getattr(config, "template", "")
        for config in (space.config, from_mapping(cls.Config, measured))
    )
    if template != measured_template:
        return {
            "space_config.template": f"must be {shorten(measured_template)} for the table {table} "
            f"(got {shorten(template)})"
        }
    return {}


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


class SpaceMatcher:
    """Recognises the possible keys of a space's architectures in a table."""

    def __init__(self, space: Space, columns: int = 1):
        self._space = space
        self._columns = columns

    def fit(self, keys: Iterable[str]) -> Fit:
        """Count the keys that are architectures of the space."""
        checked = fits = unknown = 0
        misfit = ""
        for key in keys:
            valid = self._is_valid(key)
            if valid is None:
                unknown += 1
                continue
            checked += 1
            fits += valid
            if not valid and not misfit:
                misfit = one_line(key.replace(JOINT, ", "), 200)
        listed = self._columns == 1 and bool(checked) and self._listed is not None
        if listed or not self._space.builds_networks:
            return Fit(checked, fits, unknown, misfit, self._space.size())
        return Fit(checked, fits, unknown, misfit)

    def _is_valid(self, key: str) -> bool | None:
        """Return whether a key is an architecture, None if it cannot be checked."""
        if self._columns > 1:
            return self._is_chosen(key.split(JOINT))
        if key.startswith("{"):
            return self._is_canonical(key)
        if not self._space.builds_networks:
            return self._is_text(key)
        return None if self._listed is None else key in self._listed

    @cached_property
    def _listed(self) -> frozenset[str] | None:
        """Texts and ids of all architectures, None if there are too many."""
        size = self._space.size()
        if "enumerate" not in self._space.capabilities or size is None or size > MAX_LISTED:
            return None
        return _names(type(self._space), cast(Hashable, self._space.config))

    def _is_canonical(self, key: str) -> bool:
        """Validate canonical JSON with the settings that it contains."""
        try:
            architecture = Architecture.from_json(json.loads(key))
            cls = type(self._space)
            space = cls(from_mapping(cls.Config, architecture.config))
            space.validate(architecture)
            return architecture.canonical == key
        except (EngineError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return False  # the key may be any text

    def _is_text(self, key: str) -> bool:
        try:
            return self._space.text(self._space.parse(key)) == key
        except EngineError:
            return False

    def _is_chosen(self, cells: Sequence[str]) -> bool:
        decisions = self._space.decisions()
        if any(cell not in d.options for cell, d in zip(cells, decisions, strict=True)):
            return False
        choices = [d.options.index(cell) for cell, d in zip(cells, decisions, strict=True)]
        if any(c not in self._space.allowed(choices[:i], i) for i, c in enumerate(choices)):
            return False
        architecture = self._space.from_choices(choices)
        try:
            self._space.validate(architecture)
        except EngineError:
            return False
        return tuple(choices) == self._space.choices(architecture)

"""Whether what a table calls architectures are architectures of a space."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast

from ...core.architecture import Architecture
from ...core.errors import EngineError
from ...core.settings import from_mapping
from ...core.space import Space
from .keys import JOINT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_LISTED = 100_000  # architectures of a space that is small enough to be listed


@dataclass(frozen=True)
class Fit:
    """Of `checked` architectures `fits` are ones of the space; `misfit` is the first that is not.

    `unknown` could not be checked: a text or id of a space too large to list. `size` is the
    number of all architectures of the space where it was listed, else None.
    """

    checked: int = 0
    fits: int = 0
    unknown: int = 0
    misfit: str = ""
    size: int | None = None


@lru_cache(maxsize=4)
def _names(space: type[Space], config: Hashable) -> frozenset[str]:
    """The texts and ids of all architectures: seconds of work, the same for every table."""
    made = space(cast("DataclassInstance", config))
    every = list(made.enumerate())
    return frozenset([made.text(one) for one in every] + [one.id for one in every])


class SpaceMatcher:
    """Knows what a table may call the architectures of a space with its ordinary settings."""

    def __init__(self, space: Space, columns: int = 1):
        self._space = space
        self._columns = columns

    def fit(self, keys: Iterable[str]) -> Fit:
        """How many of these are architectures of the space."""
        checked = fits = unknown = 0
        misfit = ""
        for key in keys:
            known = self._knows(key)
            if known is None:
                unknown += 1
                continue
            checked += 1
            fits += known
            if not known and not misfit:
                misfit = key.replace(JOINT, ", ")[:200]
        listed = self._columns == 1 and bool(checked) and self._listed is not None
        return Fit(checked, fits, unknown, misfit, self._space.size() if listed else None)

    def _knows(self, key: str) -> bool | None:
        """Return whether it is one, None if that is undecided."""
        if self._columns > 1:
            return self._is_chosen(key.split(JOINT))
        if key.startswith("{"):
            return self._is_canonical(key)
        return None if self._listed is None else key in self._listed

    @cached_property
    def _listed(self) -> frozenset[str] | None:
        """The texts and ids of all architectures; None where there are too many."""
        size = self._space.size()
        if "enumerate" not in self._space.capabilities or size is None or size > MAX_LISTED:
            return None
        return _names(type(self._space), cast(Hashable, self._space.config))

    def _is_canonical(self, key: str) -> bool:
        """JSON carries its own settings, so those are the ones it is held to."""
        try:
            architecture = Architecture.from_json(json.loads(key))
            found = type(self._space)
            space = found(from_mapping(found.Config, architecture.config))
            space.validate(architecture)
            return architecture.canonical == key
        except (EngineError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return False  # whatever it is, it is no architecture

    def _is_chosen(self, cells: Sequence[str]) -> bool:
        decisions = self._space.decisions()
        if any(cell not in one.options for cell, one in zip(cells, decisions, strict=True)):
            return False
        choices = [one.options.index(cell) for cell, one in zip(cells, decisions, strict=True)]
        if any(c not in self._space.allowed(choices[:i], i) for i, c in enumerate(choices)):
            return False
        architecture = self._space.from_choices(choices)
        try:
            self._space.validate(architecture)
        except EngineError:
            return False
        return tuple(choices) == self._space.choices(architecture)

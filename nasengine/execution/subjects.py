"""Values that the public functions take as an architecture: names, texts, candidates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..catalog import has, load, names
from ..core.architecture import Architecture
from ..core.errors import EngineError, InvalidArchitecture
from ..core.text import shorten
from .building import space_of
from .result import Candidate

KEYS = {"space", "config", "genome"}


def architecture_of(value: Architecture | Candidate | Mapping[str, Any] | str) -> Architecture:
    """Return the architecture that a value names, checked by its space.

    Args:
        value: An architecture, a candidate of a result, the name of a published network, or an
            architecture as JSON: a mapping or a text.

    Raises:
        EngineError: nothing has that name, or the architecture is invalid.
    """
    if isinstance(value, Candidate):
        value = value.architecture
    if isinstance(value, str):
        value = _named(value)
    if isinstance(value, Mapping):
        value = _from_json(value)
    if not isinstance(value, Architecture):
        raise EngineError(
            f"{shorten(value, 80)} is no architecture: give one, a candidate, the name of a "
            "published network, or JSON with space, config and genome"
        )
    space_of(value).validate(value)
    return value


def _named(text: str) -> Any:
    if has("networks", text):
        return load("networks", text)
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            reason = shorten(str(error), 80)
            raise EngineError(f"the text of the architecture is not JSON: {reason}") from None
    published = ", ".join(names("networks"))
    raise EngineError(
        f"{shorten(text, 80)} is neither a published network ({published}) nor an architecture as "
        "JSON"
    )


def _from_json(value: Mapping[str, Any]) -> Architecture:
    if isinstance(value.get("architecture"), Mapping):
        value = value["architecture"]
    shown = shorten(dict(value), 80)
    if set(value) != KEYS:
        raise InvalidArchitecture(f"{shown} is no architecture: it needs space, config and genome")
    if not isinstance(value["space"], str) or not isinstance(value["config"], Mapping):
        raise InvalidArchitecture(
            f"{shown} has another form: space must be text and config an object"
        )
    return Architecture(value["space"], dict(value["config"]), value["genome"])

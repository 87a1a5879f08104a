"""The architecture a person names on the command line: by name, by string or by file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..catalog import load, names
from ..core.architecture import Architecture
from ..core.errors import EngineError, InvalidArchitecture
from ..core.settings import from_mapping
from ..core.text import shorten
from ..spaces.common.membership import resized

MAX_FILE_BYTES = 1_000_000


@dataclass(frozen=True)
class Subject:
    """An architecture and what to call it."""

    name: str
    architecture: Architecture


def find_subject(text: str, space: str | None = None, **sizes: str | None) -> Subject:
    """The architecture behind a published name, shared:SPACE, an nb201 string or a JSON file.

    `space` narrows it down; `sizes` are `cells`, `channels` and `hidden` as typed, and
    replace its own; None keeps it. The result's settings are checked, its genome not yet.

    Raises:
        EngineError: nothing of that name, a file that holds no architecture, another
            space than the one asked for, or a size out of bounds.
    """
    if space is not None:
        load("spaces", space)
    subject = _named(text) or _shared(text) or _written(text, space) or _stored(text)
    found = subject.architecture.space
    if space is not None and found != space:
        raise EngineError(
            f"{shorten(text, 80)} belongs to the space {shorten(found, 80)}, not {space}: "
            "leave --space out or name its own"
        )
    # Settings a file leaves out are filled in here, so that what is printed is complete.
    config = load("spaces", found).Config
    return Subject(subject.name, resized(config, subject.architecture, **sizes))


def read_architecture(path: Path) -> Subject:
    """The architecture in a JSON file: itself, or under the key "architecture".

    The second form is what `describe --json` prints and what a line of a run's record is.

    Raises:
        EngineError: the file cannot be read, is no JSON, or holds no architecture.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EngineError(f"{shorten(str(path), 80)} cannot be read: {reason}") from None
    if len(content) > MAX_FILE_BYTES:
        raise EngineError(
            f"{shorten(str(path), 80)} is larger than {MAX_FILE_BYTES:,} bytes: "
            "give a file that holds one architecture"
        )
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise EngineError(
            f"{shorten(str(path), 80)} is not one JSON document: {shorten(str(error), 80)}"
        ) from None
    return Subject(_name_in(value) or _printable(path.stem), _architecture_in(value, path))


def _named(text: str) -> Subject | None:
    return Subject(text, load("networks", text)) if text in names("networks") else None


def _shared(text: str) -> Subject | None:
    kind, _, name = text.partition(":")
    if kind != "shared":
        return None
    space_class = load("spaces", name)
    if "supernet" not in space_class.capabilities:
        sharing = [one for one in names("spaces") if "supernet" in load("spaces", one).capabilities]
        raise EngineError(
            f"the space {name} has no shared network; those that have: {', '.join(sharing)}"
        )
    return Subject(text, space_class(space_class.Config()).supernet())


def _written(text: str, space: str | None) -> Subject | None:
    looks_so = "~" in text and "|" in text
    if not looks_so and (space != "nb201" or Path(text).suffix == ".json"):
        return None
    space_class = load("spaces", "nb201")
    architecture = space_class(space_class.Config()).parse(text)
    return Subject(architecture.genome, architecture)


def _stored(text: str) -> Subject:
    try:
        there = Path(text).exists()
    except (OSError, ValueError):
        there = False
    if not there:
        known = ", ".join(names("networks"))
        raise EngineError(
            f"{shorten(text, 80)} is neither a published network ({known}), "
            "nor shared:SPACE, nor an nb201 string, nor a file"
        )
    return read_architecture(Path(text))


def _architecture_in(value: Any, path: Path) -> Architecture:
    if isinstance(value, dict) and isinstance(value.get("architecture"), dict):
        value = value["architecture"]
    keys = {"space", "config", "genome"}
    if not isinstance(value, dict) or not keys <= set(value):
        raise InvalidArchitecture(
            f"{shorten(str(path), 80)} holds no architecture: "
            "it needs an object with space, config and genome"
        )
    if not isinstance(value["space"], str) or not isinstance(value["config"], dict):
        raise InvalidArchitecture(
            f"the architecture in {shorten(str(path), 80)} has the wrong form: "
            "space is a text and config an object"
        )
    architecture = Architecture.from_json(value)
    from_mapping(load("spaces", architecture.space).Config, architecture.config)
    return architecture


def _name_in(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name.isprintable() else None


def _printable(stem: str) -> str:
    return stem if stem.isprintable() else "architecture"

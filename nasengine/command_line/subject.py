"""Architecture that the command line names: published, written as a text, or in a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalog import load, names
from ..core.architecture import Architecture
from ..core.errors import EngineError, InvalidArchitecture
from ..core.json_file import parse, read_start
from ..core.search_spec import SearchSpec
from ..core.settings import from_mapping
from ..core.text import shorten
from ..execution.result import Candidate
from ..execution.run_file import load_run
from ..spaces.common.membership import resized

MAX_FILE_BYTES = 1_000_000
SUPERNET = ("supernet", "shared")  # prefix of supernet:SPACE; `shared` is the older word


@dataclass(frozen=True)
class Subject:
    """An architecture, its name, and the settings of its run if it comes from a run file."""

    name: str
    architecture: Architecture
    spec: SearchSpec | None = None


def find_subject(
    text: str, space: str | None = None, candidate: str | None = None, **sizes: str | None
) -> Subject:
    """Return the architecture that a text names.

    Args:
        text: A published network, supernet:SPACE, an nb201 string, or a file.
        space: Space that the architecture must belong to; default: any.
        candidate: Number of a candidate of a run file, or `best`.
        sizes: `cells`, `channels` and `hidden` as typed; they replace the architecture's own.

    Returns:
        An architecture whose settings are checked, but not its genome.

    Raises:
        EngineError: nothing has that name, a file has no architecture, the space is another
            one, or a size is out of bounds.
    """
    if space is not None:
        load("spaces", space)
    if candidate is not None:
        subject = _candidate_of(Path(text), candidate)
    else:
        subject = _published(text) or _supernet(text) or _written(text, space) or _stored(text)
    actual = subject.architecture.space
    if space is not None and actual != space:
        raise EngineError(
            f"{shorten(text, 80)} belongs to the space {shorten(actual, 80)}, not {space}: "
            "leave --space out or name its own"
        )
    # Settings that a file leaves out are filled in here, so that the printed ones are complete.
    config = load("spaces", actual).Config
    return replace(subject, architecture=resized(config, subject.architecture, **sizes))


def read_architecture(path: Path) -> Subject:
    """Return the architecture in a JSON file: the whole file, or its key "architecture".

    `describe --json` prints the second form, and so does a candidate's line of a run file.

    Raises:
        EngineError: the file cannot be read, is not JSON, or has no architecture.
    """
    shown = shorten(str(path), 80)
    content = read_start(path, MAX_FILE_BYTES)
    if _is_run(content):
        raise EngineError(f"{shown} is a run file: add --candidate NUMBER or --candidate best")
    if len(content) > MAX_FILE_BYTES:
        raise EngineError(
            f"{shown} is larger than {MAX_FILE_BYTES:,} bytes: name a file with one architecture"
        )
    value = parse(content, path)
    return Subject(_name_in(value) or _printable(path.stem), _architecture_in(value, path))


def _candidate_of(path: Path, number: str) -> Subject:
    result = load_run(path)
    candidate: Candidate | None
    if number == "best":
        candidate = result.best
        if candidate is None:
            raise EngineError(f"{path} has no best candidate: none was evaluated successfully")
    elif number.isascii() and number.isdigit() and len(number) < 10:
        candidate = result.candidate(int(number))
    else:
        raise EngineError(f"--candidate must be a number or best (got {shorten(number, 40)})")
    name = f"candidate {candidate.number} of {path.name}"
    return Subject(name, candidate.architecture, result.spec)


def _is_run(content: bytes) -> bool:
    return b'"kind":"run"' in content.partition(b"\n")[0]


def _published(text: str) -> Subject | None:
    return Subject(text, load("networks", text)) if text in names("networks") else None


def _supernet(text: str) -> Subject | None:
    prefix, _, name = text.partition(":")
    if prefix not in SUPERNET:
        return None
    space_class = load("spaces", name)
    if "supernet" not in space_class.capabilities:
        others = [
            other for other in names("spaces") if "supernet" in load("spaces", other).capabilities
        ]
        raise EngineError(
            f"the space {name} has no supernet; spaces that have one: {', '.join(others)}"
        )
    return Subject(text, space_class(space_class.Config()).supernet())


def _written(text: str, space: str | None) -> Subject | None:
    """Return the architecture of an nb201 string, None if the text does not look like one."""
    looks_like_one = "~" in text and "|" in text
    if not looks_like_one and (space != "nb201" or Path(text).suffix == ".json"):
        return None
    space_class = load("spaces", "nb201")
    architecture = space_class(space_class.Config()).parse(text)
    return Subject(architecture.genome, architecture)


def _stored(text: str) -> Subject:
    try:
        exists = Path(text).exists()
    except (OSError, ValueError):
        exists = False
    if not exists:
        published = ", ".join(names("networks"))
        raise EngineError(
            f"{shorten(text, 80)} is neither a published network ({published}), "
            "nor supernet:SPACE, nor an nb201 string, nor a file"
        )
    return read_architecture(Path(text))


def _architecture_in(value: Any, path: Path) -> Architecture:
    shown = shorten(str(path), 80)
    if isinstance(value, dict) and isinstance(value.get("architecture"), dict):
        value = value["architecture"]
    keys = {"space", "config", "genome"}
    if not isinstance(value, dict) or not keys <= set(value):
        raise InvalidArchitecture(
            f"{shown} has no architecture: it needs an object with space, config and genome"
        )
    if not isinstance(value["space"], str) or not isinstance(value["config"], dict):
        raise InvalidArchitecture(
            f"the architecture in {shown} has the wrong form: space must be text and config an "
            "object"
        )
    architecture = Architecture.from_json(value)
    from_mapping(load("spaces", architecture.space).Config, architecture.config)
    return architecture


def _name_in(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name.isprintable() else None


def _printable(stem: str) -> str:
    return stem if stem.isprintable() else "architecture"

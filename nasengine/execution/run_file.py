"""A search as a file: JSON lines, the settings first, then one line a candidate.

A line is written whole when its candidate has been told, so a file that was cut off at any
moment holds everything up to then; what is left of a torn last line is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.architecture import canonical_json
from ..core.errors import EngineError
from ..core.objective import Goal
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.space import Space
from ..core.text import one_line, shorten

VERSION = 1
# Of the question, what the first line says at its top as well, for people and other programs.
SHOWN = ("space", "strategy", "estimator", "dataset", "objectives", "constraints", "candidates")


@dataclass(frozen=True)
class StoredRun:
    """What a file holds; `size` is the number of bytes of its whole lines."""

    spec: SearchSpec
    goals: tuple[Goal, ...]
    candidates: tuple[tuple[Proposal, Outcome], ...]
    size: int


def run_line(spec: SearchSpec, goals: Sequence[Goal]) -> dict[str, Any]:
    """The first line as a JSON object."""
    asked = spec.to_json()
    return {
        "kind": "run",
        "version": VERSION,
        **{name: asked[name] for name in SHOWN},
        "seed": spec.seed,
        "goals": [goal.__dict__ for goal in goals],
        "question": asked,
    }


def candidate_line(proposal: Proposal, outcome: Outcome, seed: int, space: Space) -> dict[str, Any]:
    """A candidate's line as a JSON object.

    `text` is its architecture as people write it. Where the genome itself is a text, as in
    nb201, the same stands under `arch_str`, the name benchmark tables have for it.
    """
    text = space.text(proposal.architecture)
    named = {"arch_str": text} if isinstance(proposal.architecture.genome, str) else {}
    return {
        "kind": "candidate",
        **outcome.to_json(),
        **proposal.to_json(),
        "seed": seed,
        "id": proposal.architecture.id,
        "text": text,
        **named,
    }


class RunFile:
    """Writes the lines of one search."""

    def __init__(self, path: Path, space: Space):
        self._path = path
        self._space = space

    def begin(self, spec: SearchSpec, goals: Sequence[Goal]) -> None:
        """Makes the file with its first line.

        Raises:
            EngineError: there is a file of that name already, or it cannot be written.
        """
        self._write("xb", run_line(spec, goals))

    def go_on(self, stored: StoredRun) -> None:
        """Drops what is torn behind the whole lines of a file.

        Raises:
            EngineError: it cannot be written.
        """
        try:
            os.truncate(self._path, stored.size)
        except OSError as error:
            raise _refusal(self._path, error) from None

    def add(self, proposal: Proposal, outcome: Outcome, seed: int) -> None:
        """Appends a candidate.

        Raises:
            EngineError: it cannot be written.
        """
        self._write("ab", candidate_line(proposal, outcome, seed, self._space))

    def _write(self, mode: str, line: dict[str, Any]) -> None:
        try:
            with self._path.open(mode) as file:
                file.write(canonical_json(line).encode() + b"\n")
        except OSError as error:
            raise _refusal(self._path, error) from None


def read_run(path: Path) -> StoredRun:
    """What a file holds.

    Raises:
        EngineError: it cannot be read, is no file of a search, or a line before the last
            one is broken.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror or error}") from None
    lines = _whole_lines(path, content)
    head = lines[0][0] if lines else None
    if not isinstance(head, dict) or head.get("kind") != "run":
        raise EngineError(f"{path} is no file of a search: its first line has no kind run")
    if head.get("version") != VERSION:
        raise EngineError(
            f"{path} has version {shorten(head.get('version'), 20)}, this program reads {VERSION}"
        )
    candidates = [
        _candidate(path, number, line) for number, (line, _) in enumerate(lines[1:], start=2)
    ]
    numbers = [proposal.number for proposal, _ in candidates]
    if len(set(numbers)) < len(numbers):
        raise EngineError(f"{path} holds a candidate twice: two searches wrote to it")
    try:
        spec = SearchSpec.from_json(head["question"])
        goals = tuple(Goal(**goal) for goal in head["goals"])
    except (KeyError, TypeError) as error:
        raise EngineError(f"{path} has a first line without {error}") from None
    return StoredRun(spec, goals, tuple(candidates), lines[-1][1])


def _whole_lines(path: Path, content: bytes) -> list[tuple[Any, int]]:
    """Every line as JSON with the place where it ends; a torn last one is left out."""
    lines: list[tuple[Any, int]] = []
    end = 0
    for number, raw in enumerate(content.splitlines(keepends=True), start=1):
        last = end + len(raw) == len(content)
        try:
            if not raw.endswith(b"\n"):
                raise ValueError("it does not end")
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            if last and lines:
                break
            raise EngineError(
                f"line {number} of {path} is no JSON: {one_line(str(error), 100)}"
            ) from None
        end += len(raw)
        lines.append((value, end))
    return lines


def _candidate(path: Path, number: int, line: Any) -> tuple[Proposal, Outcome]:
    try:
        if line["kind"] != "candidate":
            raise KeyError("kind candidate")
        return Proposal.from_json(line), Outcome.from_json(line)
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"line {number} of {path} is no candidate: {error}") from None


def _refusal(path: Path, error: OSError) -> EngineError:
    if isinstance(error, FileExistsError):
        return EngineError(
            f"{path} exists already: go on with it by --resume, or name another file"
        )
    return EngineError(f"{path} cannot be written: {error.strerror or error}")

"""Run file: a search as JSON lines, the settings first, then one line per candidate.

A training in parts adds a line of kind "part" whenever it pauses. A line is written whole once its
candidate has been told to the strategy. A file that was cut off at any moment therefore holds
everything up to then; a torn last line is dropped.
"""

from __future__ import annotations

import dataclasses
import json
import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
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
from . import assembly
from .budget import count_pruned, smallest_budget
from .evaluation import evaluation_seed
from .result import Result
from .weight_store import FolderWeightStore

VERSION = 1
# Settings that the first line repeats at its top level, for people and other programs.
BUDGET = ("candidates", "proposals_per_candidate")  # settings that a continued run may raise
TOP_LEVEL = ("space", "strategy", "estimator", "dataset", "objectives", "constraints", "candidates")


@dataclass(frozen=True)
class StoredRun:
    """Content of a run file; `size` is the number of bytes of its whole lines."""

    spec: SearchSpec
    goals: tuple[Goal, ...]
    candidates: tuple[tuple[Proposal, Outcome], ...]
    size: int


def run_line(spec: SearchSpec, goals: Sequence[Goal]) -> dict[str, Any]:
    """Return the first line as a JSON object."""
    settings = spec.to_json()
    return {
        "kind": "run",
        "version": VERSION,
        **{name: settings[name] for name in TOP_LEVEL},
        "seed": spec.seed,
        "goals": [goal.__dict__ for goal in goals],
        "question": settings,
    }


def candidate_line(proposal: Proposal, outcome: Outcome, seed: int, space: Space) -> dict[str, Any]:
    """Return a candidate's line, or that of a part of its training, as a JSON object.

    `text` is the architecture on one line, in the notation of its space. If the genome itself is
    a text, as in nb201, it is repeated as `arch_str`, the name that benchmark tables use.
    """
    text = space.text(proposal.architecture)
    named = {"arch_str": text} if isinstance(proposal.architecture.genome, str) else {}
    return {
        "kind": "part" if outcome.state == "paused" else "candidate",
        **outcome.to_json(),
        **proposal.to_json(),
        "seed": seed,
        "id": proposal.architecture.id,
        "text": text,
        **named,
    }


def unfinished_folder(path: Path) -> Path:
    """Return the folder next to a run file that holds the checkpoints of paused trainings."""
    return Path(f"{path}.unfinished")


def weights_folder(path: Path) -> Path:
    """Return the folder next to a run file that holds the weights of its candidates."""
    return Path(f"{path}.weights")


class RunFile:
    """Writes the lines of one search."""

    def __init__(self, path: Path, space: Space):
        self._path = path
        self._space = space

    def begin(self, spec: SearchSpec, goals: Sequence[Goal]) -> None:
        """Create the file with its first line.

        Raises:
            EngineError: the file exists already or cannot be written.
        """
        self._write("xb", run_line(spec, goals))

    def continue_from(self, stored: StoredRun, spec: SearchSpec) -> None:
        """Drop a torn last line, and write a larger budget into the first line.

        Raises:
            EngineError: the file cannot be written.
        """
        try:
            os.truncate(self._path, stored.size)
            if spec != stored.spec:
                self._replace_first_line(run_line(spec, stored.goals))
        except OSError as error:
            raise _refusal(self._path, error) from None

    def add(self, proposal: Proposal, outcome: Outcome, seed: int) -> None:
        """Append a candidate.

        Raises:
            EngineError: the file cannot be written.
        """
        self._write("ab", candidate_line(proposal, outcome, seed, self._space))

    def _write(self, mode: str, line: dict[str, Any]) -> None:
        try:
            with self._path.open(mode) as file:
                file.write(canonical_json(line).encode() + b"\n")
        except OSError as error:
            raise _refusal(self._path, error) from None

    def _replace_first_line(self, line: dict[str, Any]) -> None:
        """Replace the file by a new one, so that it is never half written."""
        content = self._path.read_bytes()
        _, _, candidates = content.partition(b"\n")
        _put_in_place(self._path, canonical_json(line).encode() + b"\n" + candidates)


def read_run(path: Path) -> StoredRun:
    """Return the content of a run file.

    Raises:
        EngineError: the file cannot be read, is not a run file, or a line before the last one
            is broken.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror or error}") from None
    lines = _whole_lines(path, content)
    head = lines[0][0] if lines else None
    if not isinstance(head, dict) or head.get("kind") != "run":
        raise EngineError(f"{path} is not a run file: its first line has no kind run")
    if head.get("version") != VERSION:
        raise EngineError(
            f"{path} has version {shorten(head.get('version'), 20)}: this program reads version "
            f"{VERSION}"
        )
    candidates = [
        _candidate(path, number, line) for number, (line, _) in enumerate(lines[1:], start=2)
    ]
    numbers = [proposal.number for proposal, outcome in candidates if outcome.state != "paused"]
    if len(set(numbers)) < len(numbers):
        raise EngineError(f"{path} has a candidate twice: two searches wrote to it")
    try:
        # Every proposal counted towards the budget before there was this setting.
        spec = SearchSpec.from_json({"proposals_per_candidate": 1, **head["question"]})
        goals = tuple(Goal(**goal) for goal in head["goals"])
    except (KeyError, TypeError) as error:
        raise EngineError(f"{path} has a first line without {error}") from None
    return StoredRun(spec, goals, tuple(candidates), lines[-1][1])


def load_run(path: str | Path) -> Result:
    """Return the result in a run file, of a finished search or of an interrupted one.

    Args:
        path: A file that `Result.save` or `python -m nasengine search --out` wrote.

    Raises:
        EngineError: the file cannot be read or is not a run file.
    """
    stored = read_run(Path(path))
    folder = weights_folder(Path(path))
    weights = FolderWeightStore(folder) if folder.is_dir() else None
    ordered = sorted(stored.candidates, key=lambda pair: pair[0].number)
    return Result.of(stored.spec, stored.goals, ordered, weights)


def save_run(result: Result, path: Path, overwrite: bool = False) -> None:
    """Write a result as a run file, and the weights of its candidates next to it.

    Raises:
        EngineError: the file exists and `overwrite` is off, or it cannot be written.
    """
    if path.exists() and not overwrite:
        raise EngineError(f"{path} exists already: name another file, or pass overwrite=True")
    space = assembly.make_space(result.spec)
    lines = [run_line(result.spec, result.goals)]
    ended = [(candidate.proposal, candidate.outcome) for candidate in result.candidates]
    lines += [
        candidate_line(proposal, outcome, evaluation_seed(result.spec, proposal.number), space)
        for proposal, outcome in (*result.parts, *ended)
    ]
    try:
        _put_in_place(path, b"".join(canonical_json(line).encode() + b"\n" for line in lines))
    except OSError as error:
        raise _refusal(path, error) from None
    if result.weights is not None:
        folder = FolderWeightStore(weights_folder(path))
        for candidate in result.candidates:
            checkpoint = result.weights.get(candidate.number)
            if checkpoint is not None:
                folder.put(candidate.number, checkpoint)


def with_budget(stored: StoredRun, wanted: SearchSpec) -> SearchSpec:
    """Return the settings of a stored run with the budget of others.

    Raises:
        EngineError: the budget is smaller than the number of candidates in the file.
    """
    states = [o.state for _, o in stored.candidates if o.state != "paused"]
    smallest = smallest_budget(wanted, len(states), count_pruned(states))
    if wanted.candidates < smallest:
        raise EngineError(
            f"candidates must be at least {smallest}, the number of candidates "
            f"that the run has already (got {wanted.candidates})"
        )
    budget = {name: getattr(wanted, name) for name in BUDGET}
    return dataclasses.replace(stored.spec, **budget)


def _put_in_place(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink()


def _whole_lines(path: Path, content: bytes) -> list[tuple[Any, int]]:
    """Return every line as JSON with the offset of its end; a torn last line is left out."""
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
                f"line {number} of {path} is not JSON: {one_line(str(error), 100)}"
            ) from None
        end += len(raw)
        lines.append((value, end))
    return lines


def _candidate(path: Path, number: int, line: Any) -> tuple[Proposal, Outcome]:
    try:
        if line["kind"] not in ("candidate", "part"):
            raise KeyError("kind candidate")
        return Proposal.from_json(line), Outcome.from_json(line)
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"line {number} of {path} is not a candidate: {error}") from None


def _refusal(path: Path, error: OSError) -> EngineError:
    if isinstance(error, FileExistsError):
        return EngineError(
            f"{path} exists already: continue it with --resume, or name another file"
        )
    return EngineError(f"{path} cannot be written: {error.strerror or error}")

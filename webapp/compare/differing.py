"""The difference of the architectures of two candidates of compared runs, as one drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.difference import difference
from webapp.runs.models import Candidate, Run

MAX_OFFERED = 60


@dataclass(frozen=True)
class Differing:
    """How a second candidate differs from a first: a sentence, and a drawing if there is one."""

    first: str
    second: str
    sentence: str
    graph: dict[str, Any] | None


def offered_candidates(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return (key, label) of the best candidate of each run; the key is "RUN:NUMBER"."""
    best = [run for run in runs if run.best is not None]
    return [
        (f"{run.pk}:{run.best}", f"best of #{run.pk} {run.name} (candidate {run.best})")
        for run in best[:MAX_OFFERED]
    ]


def difference_of_candidates(runs: Mapping[int, Run], first: str, second: str) -> Differing | None:
    """Return the difference of two candidates, named "RUN:NUMBER"; None if one does not exist."""
    found = [_candidate(runs, key) for key in (first, second)]
    if found[0] is None or found[1] is None:
        return None
    first_label, second_label = (f"#{c.run_id} candidate {c.number}" for c in found if c)
    try:
        shapes = [Architecture.from_json(c.proposal["architecture"]) for c in found if c]
        compared = difference(*shapes)
    except EngineError as error:
        return Differing(first_label, second_label, f"They cannot be compared: {error}.", None)
    if compared is None:
        spaces = f"{shapes[0].space} and {shapes[1].space}"
        return Differing(
            first_label, second_label, f"They are of different spaces: {spaces}.", None
        )
    return Differing(first_label, second_label, compared.sentence, compared.graph)


def _candidate(runs: Mapping[int, Run], key: str) -> Candidate | None:
    run, _, number = key.partition(":")
    digits = all(p.isascii() and p.isdigit() and len(p) < 10 for p in (run, number))
    if not digits or int(run) not in runs:
        return None
    rows = Candidate.objects.filter(run=int(run), number=int(number))
    found = rows.only("number", "run", "proposal").first()
    return None if found is None or found.proposal.get("task") == "share" else found

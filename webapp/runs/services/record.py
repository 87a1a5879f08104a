"""Putting a run's changes into words: the items of its events, see docs/events.md."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.events.recorder import record, record_all
from webapp.runs.models import Candidate, Run
from webapp.runs.queries import lean_candidates, row_of_run
from webapp.runs.rows import candidate_row

LOG_TEXT = 2000


def record_run(run: Run) -> None:
    """Records the run's row with its counts."""
    record(run, "run", row_of_run(run))


def record_candidates(run: Run, ids: Iterable[int]) -> None:
    """Records the rows of candidates, as the database holds them now."""
    found = lean_candidates(run.candidates.filter(pk__in=ids).order_by("number"))
    record_all(run, "candidate", [candidate_row(candidate) for candidate in found])


def record_curve(run: Run, candidate: Candidate) -> None:
    """Records the whole curve of a candidate in place of its earlier one."""
    item = {"number": candidate.number, "curve": candidate.curve}
    event = record(run, "progress", item, replaces=candidate.progress_seq)
    candidate.progress_seq = event.seq
    candidate.save(update_fields=["progress_seq"])


def record_log(run: Run, level: str, text: str, number: int | None = None) -> None:
    """Records a line of the log: level info, warning or error."""
    record(run, "log", {"level": level, "text": text[:LOG_TEXT], "number": number})

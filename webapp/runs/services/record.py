"""Recording a run's changes as events; docs/events.md lists the kinds and their items."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.events.recorder import record, record_all
from webapp.limits import MAX_LOG_TEXT
from webapp.runs.models import Candidate, Run
from webapp.runs.queries import lean_candidates, row_of_run
from webapp.runs.rows import candidate_row

from .fleet_news import announce_fleet


def record_run(run: Run) -> None:
    """Record the run's row with its counts."""
    record(run, "run", row_of_run(run))
    announce_fleet()


def record_candidates(run: Run, ids: Iterable[int]) -> None:
    """Record the rows of these candidates as the database has them now."""
    candidates = lean_candidates(run.candidates.filter(pk__in=ids).order_by("number"))
    record_all(run, "candidate", [candidate_row(candidate) for candidate in candidates])


def record_curve(run: Run, candidate: Candidate) -> None:
    """Record the whole learning curve of a candidate; it replaces the earlier event."""
    item = {"number": candidate.number, "curve": candidate.curve}
    event = record(run, "progress", item, replaces=candidate.progress_seq)
    candidate.progress_seq = event.seq
    candidate.save(update_fields=["progress_seq"])
    announce_fleet()


def record_log(run: Run, level: str, text: str, number: int | None = None) -> None:
    """Record a log line of level info, warning or error, about a candidate if one is named."""
    record(run, "log", {"level": level, "text": text[:MAX_LOG_TEXT], "number": number})


def record_lines(run: Run, lines: list[str], number: int) -> None:
    """Record lines that the training of a candidate has printed."""
    items = [{"level": "info", "text": line[:MAX_LOG_TEXT], "number": number} for line in lines]
    record_all(run, "log", items)

"""The overview of a team: active and finished runs, problems, workers, new architectures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from webapp.accounts.models import Team
from webapp.architectures.models import USABLE, WAITING, CatalogueEntry, Stage
from webapp.evaluations.models import Training
from webapp.exports.models import Export
from webapp.fleet.queues import queue_alerts
from webapp.jobs.models import JobState
from webapp.notices.models import DEFAULT_MINUTES
from webapp.notices.services.watch import stalled_runs
from webapp.runs.models import ENDED_RUNS, Candidate, CandidateState, Run, RunState, WorkerSlot
from webapp.runs.queries import (
    active_runs,
    live_slots,
    runs_of,
)
from webapp.runs.run_table import rows_of, with_front
from webapp.runs.services.slots import stalled_since

from .health import broker_answers

MAX_BUSY = 8
MAX_FINISHED = 6
MAX_ENTRIES = 4
ATTENTION_DAYS = 7
FAILED_STATES = (CandidateState.DIVERGED, CandidateState.FAILED, CandidateState.LOST)


@dataclass(frozen=True)
class Attention:
    """A problem that needs attention: tone (bad, warn), text, and its run or entry, if any.

    `command` is the command that helps, "" if none does.
    """

    tone: str
    text: str
    run: Run | None = None
    entry: CatalogueEntry | None = None
    command: str = ""


def summary(team: Team) -> dict[str, Any]:
    """Return everything that the overview shows; the number of queries does not depend on it."""
    busy = rows_of(list(with_front(active_runs(team))[:MAX_BUSY]))
    for row in busy:
        row["failed"] = sum(row["counts"][state] for state in FAILED_STATES)
    ended = runs_of(team).filter(state__in=ENDED_RUNS).order_by("-ended_at", "-pk")
    workers = workers_alive()
    return {
        "busy": busy,
        "ended": rows_of(list(with_front(ended)[:MAX_FINISHED])),
        "attention": [
            *_fleet_problems(busy, workers),
            *_queue_problems(team),
            *_run_problems(team, busy),
            *_stalls(team),
            *_entry_problems(team),
            *_reviews(team),
        ],
        "workers": workers,
        "entries": CatalogueEntry.objects.filter(team=team).exclude(stage=Stage.REJECTED)[
            :MAX_ENTRIES
        ],
    }


def workers_alive() -> dict[str, list[WorkerSlot]]:
    """Return the running processes by role, by name, each with the work that it does."""
    candidates = Candidate.objects.filter(state=CandidateState.RUNNING).only("slot")
    trainings = Training.objects.filter(state=JobState.RUNNING).only("slot")
    exports = Export.objects.filter(state=JobState.RUNNING).only("slot")
    work = (
        Prefetch("candidates", queryset=candidates),
        Prefetch("trainings", queryset=trainings),
        Prefetch("exports", queryset=exports),
    )
    slots = live_slots().order_by("name").prefetch_related(*work)
    by_role: dict[str, list[WorkerSlot]] = {"evaluation": [], "coordinator": []}
    for slot in slots:
        by_role.setdefault(slot.role, []).append(slot)
    return by_role


def _fleet_problems(busy: list[dict[str, Any]], workers: dict[str, Any]) -> list[Attention]:
    """Return the problems that stop every run; none if no run is active."""
    if not busy:
        return []
    texts = []
    if not broker_answers():
        texts.append("The broker does not answer, so runs advance more slowly. Start Valkey.")
    if not workers["coordinator"]:
        texts.append("No coordinator is running, so no run advances. Start one.")
    elif all(stalled_since(slot) for slot in workers["coordinator"]):
        texts.append(
            "No coordinator has completed a sweep for 5 minutes, so runs may not advance. "
            "Restart it."
        )
    return [Attention("bad", text) for text in texts]


def _queue_problems(team: Team) -> list[Attention]:
    """Return the queues in which work of the team waits and that no worker serves."""
    return [
        Attention(
            "bad",
            f"{kind.capitalize()}s wait in queue {queue.name}, {queue.reason}. {queue.remedy}",
            command=queue.command,
        )
        for kind, queue in queue_alerts(team)
    ]


def _run_problems(team: Team, busy: list[dict[str, Any]]) -> list[Attention]:
    """Return the runs that failed lately, and active runs with failed candidates."""
    since = timezone.now() - timedelta(days=ATTENTION_DAYS)
    failed = runs_of(team).filter(state=RunState.FAILED, ended_at__gt=since)
    problems = [Attention("bad", run.reason or "failed", run) for run in failed[:MAX_FINISHED]]
    for row in busy:
        if row["failed"]:
            counts = row["counts"]
            text = ", ".join(f"{counts[s]} {s}" for s in FAILED_STATES if counts[s])
            problems.append(Attention("warn", f"Failed candidates: {text}", row["run"]))
    return problems


def _stalls(team: Team) -> list[Attention]:
    """Return the running runs without progress."""
    return [
        Attention("warn", f"No progress for more than {DEFAULT_MINUTES} min", run)
        for run in stalled_runs(team).only("name", "team")[:MAX_FINISHED]
    ]


def _reviews(team: Team) -> list[Attention]:
    """Return the entries that wait for a decision of a curator, those that wait longest first."""
    waiting = CatalogueEntry.objects.filter(team=team, stage__in=WAITING).order_by("kept_at", "pk")
    return [
        Attention("warn", "Awaits review", entry=entry)
        for entry in waiting.only("name")[:MAX_ENTRIES]
    ]


def _entry_problems(team: Team) -> list[Attention]:
    """Return the architectures in use that are not what they were at an earlier check."""
    failed = CatalogueEntry.objects.filter(team=team, stage__in=USABLE, check_passed=False)
    slim = failed.only("name", "check_report").order_by("-checked_at")
    return [
        Attention("bad", "; ".join(entry.check_report.get("problems", [])), entry=entry)
        for entry in slim[:MAX_ENTRIES]
    ]

"""What a team sees first: what runs, what ended, what needs somebody, who works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from webapp.accounts.models import Team
from webapp.architectures.models import CatalogueEntry, Stage
from webapp.runs.models import ENDED_RUNS, Candidate, CandidateState, Run, RunState, WorkerSlot
from webapp.runs.queries import active_runs, live_slots, queues_without_workers, runs_of
from webapp.runs.run_table import rows_of, with_front

from .health import broker_answers

MAX_BUSY = 8
MAX_FINISHED = 6
MAX_ENTRIES = 4
ATTENTION_DAYS = 7
WRONG = (CandidateState.DIVERGED, CandidateState.FAILED, CandidateState.LOST)


@dataclass(frozen=True)
class Attention:
    """Something that needs somebody: how bad (bad, warn), what it is, where to look."""

    tone: str
    text: str
    run: Run | None = None


def summary(team: Team) -> dict[str, Any]:
    """Everything the overview shows of a team; the number of queries never grows."""
    busy = rows_of(list(with_front(active_runs(team))[:MAX_BUSY]))
    for row in busy:
        row["wrong"] = sum(row["counts"][state] for state in WRONG)
    ended = runs_of(team).filter(state__in=ENDED_RUNS).order_by("-ended_at", "-pk")
    workers = workers_alive()
    return {
        "busy": busy,
        "ended": rows_of(list(with_front(ended)[:MAX_FINISHED])),
        "attention": [*_fleet_faults(busy, workers), *_run_faults(team, busy)],
        "workers": workers,
        "entries": CatalogueEntry.objects.filter(team=team).exclude(stage=Stage.REJECTED)[
            :MAX_ENTRIES
        ],
    }


def workers_alive() -> dict[str, list[WorkerSlot]]:
    """Living processes by role, each slot with the candidate it holds, oldest name first."""
    held = Candidate.objects.filter(state=CandidateState.RUNNING).only("slot", "started_at")
    slots = live_slots().order_by("name").prefetch_related(Prefetch("candidates", queryset=held))
    by_role: dict[str, list[WorkerSlot]] = {"evaluation": [], "coordinator": []}
    for slot in slots:
        by_role.setdefault(slot.role, []).append(slot)
    return by_role


def _fleet_faults(busy: list[dict[str, Any]], workers: dict[str, Any]) -> list[Attention]:
    """What keeps every run from moving, told only while there is one to move."""
    if not busy:
        return []
    faults = []
    if not broker_answers():
        faults.append(
            Attention("bad", "The broker does not answer: runs go on, more slowly. Start Valkey.")
        )
    if not workers["coordinator"]:
        faults.append(Attention("bad", "No coordinator is alive, so no run advances: start one."))
    for queue in queues_without_workers():
        text = f"Candidates wait on the queue {queue}, which no worker serves: start one for it."
        faults.append(Attention("bad", text))
    return faults


def _run_faults(team: Team, busy: list[dict[str, Any]]) -> list[Attention]:
    since = timezone.now() - timedelta(days=ATTENTION_DAYS)
    failed = runs_of(team).filter(state=RunState.FAILED, ended_at__gt=since)
    faults = [Attention("bad", run.reason or "failed", run) for run in failed[:MAX_FINISHED]]
    for row in busy:
        if row["wrong"]:
            text = ", ".join(f"{row['counts'][s]} {s}" for s in WRONG if row["counts"][s])
            faults.append(Attention("warn", f"Candidates went wrong: {text}", row["run"]))
    return faults

"""Queues: what waits in them, for how long, who serves them, and what needs a worker."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, QuerySet

from webapp.accounts.models import Team
from webapp.architectures.models import EntryCheck
from webapp.evaluations.models import Training
from webapp.exports.models import Export
from webapp.jobs.models import JobState
from webapp.predictors.models import PredictorJob
from webapp.runs.models import WAITING_CANDIDATES, Candidate, RunState
from webapp.runs.queries import live_slots, serving_slots
from webapp.runs.unserved import UnservedQueue, unserved

Kind = tuple[str, QuerySet[Any]]  # its name, the waiting rows


@dataclass(frozen=True)
class QueueRow:
    """One queue on the page.

    Attributes:
        name: the name of the queue.
        waiting: how much waits, by kind: {"candidate": 3}.
        mine: how much of it is of the viewer's team.
        oldest: since when the oldest work has waited; None if nothing waits.
        workers: how many live workers take its work.
        drained: how many live workers of it are drained.
        problem: set if work waits that no worker takes.
    """

    name: str
    waiting: dict[str, int]
    mine: int
    oldest: datetime | None
    workers: int
    drained: int
    problem: UnservedQueue | None

    @property
    def length(self) -> int:
        """How much waits."""
        return sum(self.waiting.values())


def _waiting() -> Iterator[Kind]:
    """Yield every kind of work that waits in queues."""
    running = Candidate.objects.filter(run__state=RunState.RUNNING)
    yield "candidate", running.filter(state__in=WAITING_CANDIDATES)
    jobs = (
        ("training", Training),
        ("export", Export),
        ("check", EntryCheck),
        ("predictor", PredictorJob),
    )
    for kind, model in jobs:
        yield kind, model._default_manager.filter(state=JobState.QUEUED)


def waiting_queues() -> set[str]:
    """Return the queues in which work waits."""
    return {name for _, rows in _waiting() for name in _names(rows)}


def _names(rows: QuerySet[Any]) -> QuerySet[Any, str]:
    return rows.order_by().values_list("queue", flat=True).distinct()


def queue_rows(team: Team) -> list[QueueRow]:
    """Return every queue that is served or in which work waits, by name."""
    waiting: dict[str, dict[str, int]] = defaultdict(dict)
    oldest: dict[str, datetime] = {}
    mine: Counter[str] = Counter()
    for kind, rows in _waiting():
        owners = rows.order_by().values_list("queue", f"{rows.model.team_path}_id")
        for queue, team_id, number, since in owners.annotate(Count("pk"), Min("queued_at")):
            waiting[queue][kind] = waiting[queue].get(kind, 0) + number
            oldest[queue] = min(since, oldest.get(queue, since))
            mine[queue] += number * (team_id == team.pk)
    live = Counter(queue for slot in live_slots("evaluation") for queue in slot.queues)
    serving = Counter(queue for slot in serving_slots() for queue in slot.queues)
    problems = {problem.name: problem for problem in unserved(set(waiting))}
    return [
        QueueRow(
            name,
            waiting.get(name, {}),
            mine[name],
            oldest.get(name),
            serving[name],
            live[name] - serving[name],
            problems.get(name),
        )
        for name in sorted({*waiting, *live})
    ]


def queue_alerts(team: Team) -> list[tuple[str, UnservedQueue]]:
    """Return (kind of work, queue) wherever work of the team waits that no worker takes."""
    found = []
    for kind, rows in _waiting():
        own = rows.filter(**{rows.model.team_path: team})
        found += [(kind, name) for name in _names(own)]
    problems = {problem.name: problem for problem in unserved({name for _, name in found})}
    return [(kind, problems[name]) for kind, name in found if name in problems]


def waiting_by_queue() -> dict[str, int]:
    """Return how much work waits, by queue; the connection is closed, for threads of libraries."""
    lengths: Counter[str] = Counter()
    try:
        for _, rows in _waiting():
            lengths.update(dict(rows.order_by().values_list("queue").annotate(Count("pk"))))
    finally:
        connection.close()
    return dict(lengths)

"""Work that runs now, as a team may see it: only its own has names and links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.fields.json import KeyTransform
from django.urls import reverse

from webapp.accounts.models import Team
from webapp.architectures.models import EntryCheck
from webapp.evaluations.models import Training
from webapp.exports.models import Export
from webapp.jobs.models import JobState
from webapp.predictors.models import PredictorJob
from webapp.runs.models import Candidate, CandidateState
from webapp.runs.throughput import Throughput, throughput_of


@dataclass(frozen=True)
class CurrentWork:
    """Work that a worker does now.

    Attributes:
        text: its name; "another team's work" if it is not of the viewer's team.
        address: its page; "" if it is not of the viewer's team.
        detail: what it does at present, as "epoch 3 of 10".
        share: the share that is done, from 0 to 1; None if it is not known.
        since: when it was started.
        throughput: images or words per second of its last epoch; None if it has none.
    """

    text: str
    address: str
    detail: str
    share: float | None
    since: datetime | None
    throughput: Throughput | None = None


Found = tuple[UUID, int, CurrentWork]  # worker, team, work


def current_work(team: Team) -> dict[UUID, list[CurrentWork]]:
    """Return the running work of each worker: five queries."""
    works: dict[UUID, list[CurrentWork]] = defaultdict(list)
    for kind in (_candidates, _trainings, _exports, _checks, _predictors):
        for slot, team_id, work in kind():
            others = CurrentWork("another team's work", "", "", None, work.since)
            works[slot].append(work if team_id == team.pk else others)
    return works


def _candidates() -> Iterator[Found]:
    running = Candidate.objects.filter(state=CandidateState.RUNNING, slot__isnull=False)
    rows = running.annotate(point=KeyTransform("-1", "curve")).values_list(
        "slot", "run__team", "run", "run__name", "number", "point", "started_at"
    )
    for slot, team, run, name, number, point, since in rows.order_by("started_at"):
        (detail, share), speed = _epoch(point or {}), throughput_of(point or {})
        address = reverse("run-candidate", args=[run, number])
        text = f"candidate {number} of {name}"
        yield slot, team, CurrentWork(text, address, detail, share, since, speed)


def _epoch(point: dict[str, Any]) -> tuple[str, float | None]:
    """Return the last epoch of a learning curve in words, and the share that is done."""
    epoch, epochs = point.get("epoch"), point.get("epochs")
    if not epoch:
        return "before its first epoch", None
    if not epochs:
        return f"epoch {epoch}", None
    return f"epoch {epoch} of {epochs}", min(1.0, epoch / epochs)


def _trainings() -> Iterator[Found]:
    running = Training.objects.filter(state=JobState.RUNNING, slot__isnull=False)
    columns = ("slot", "evaluation__team", "evaluation", "evaluation__title", "seed")
    pointed = running.annotate(point=KeyTransform("-1", "curve")).order_by("started_at")
    rows = pointed.values_list(*columns, "activity", "progress", "started_at", "point")
    for slot, team, evaluation, title, seed, activity, share, since, point in rows:
        address = reverse("evaluation-detail", args=[evaluation])
        text, detail = f"training of {title}, seed {seed}", activity or "starting"
        speed = throughput_of(point or {})
        yield slot, team, CurrentWork(text, address, detail, share, since, speed)


def _exports() -> Iterator[Found]:
    running = Export.objects.filter(state=JobState.RUNNING, slot__isnull=False)
    rows = running.values_list("slot", "team", "pk", "target", "activity", "progress", "started_at")
    for slot, team, pk, target, activity, share, since in rows.order_by("started_at"):
        address = reverse("export-detail", args=[pk])
        text = f"export {pk} to {target}"
        yield slot, team, CurrentWork(text, address, activity or "starting", share, since)


def _checks() -> Iterator[Found]:
    running = EntryCheck.objects.filter(state=JobState.RUNNING, slot__isnull=False)
    columns = ("slot", "entry__team", "entry", "entry__name", "activity", "started_at")
    for slot, team, entry, name, activity, since in running.values_list(*columns):
        address = reverse("architecture-detail", args=[entry])
        text = f"check of {name}"
        yield slot, team, CurrentWork(text, address, activity or "starting", None, since)


def _predictors() -> Iterator[Found]:
    running = PredictorJob.objects.filter(state=JobState.RUNNING, slot__isnull=False)
    rows = running.select_related("predictor__device").order_by("started_at")
    for job in rows:
        address = reverse("device-detail", args=[job.predictor.device_id])
        work = CurrentWork(
            str(job), address, job.activity or "starting", job.progress, job.started_at
        )
        assert job.slot_id is not None  # filtered above
        yield job.slot_id, job.team_id, work

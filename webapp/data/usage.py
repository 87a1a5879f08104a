"""Runs, evaluations and entries that need an uploaded data set; archiving and deleting."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet, RestrictedError
from django.db.models.functions import Now

from nasengine.core.errors import InvalidSettings
from webapp.accounts.models import User
from webapp.accounts.services import audit
from webapp.architectures.models import CatalogueEntry
from webapp.datasets.models import TeamData
from webapp.evaluations.models import Evaluation
from webapp.runs.models import DataSet, Run

PATH = "dataset_config__path"


@dataclass(frozen=True)
class Usage:
    """How many runs, evaluations and catalogue entries need a data set."""

    runs: int
    evaluations: int
    entries: int

    def __bool__(self) -> bool:
        return bool(self.runs or self.evaluations or self.entries)

    def __str__(self) -> str:
        counts = (
            (self.runs, "run"),
            (self.evaluations, "evaluation"),
            (self.entries, "catalogue entry"),
        )
        texts = [f"{n:,} {noun if n == 1 else _plural(noun)}" for n, noun in counts if n]
        return ", ".join(texts)


def runs_on(data: TeamData) -> QuerySet[Run]:
    """Return the runs that used a data set, newest first."""
    rows = Run.objects.filter(data_set__uploaded=data)
    return rows.defer("spec", "strategy_state", "view", "front").order_by("-pk")


def usage_of(data: TeamData) -> Usage:
    """Return what needs a data set."""
    path = data.fixed.path
    evaluations = Evaluation.objects.filter(team=data.team_id, **{PATH: path})
    entries = CatalogueEntry.objects.filter(team=data.team_id, **{f"source__{PATH}": path})
    return Usage(runs_on(data).count(), evaluations.count(), entries.count())


def run_counts(rows: list[TeamData]) -> dict[int, int]:
    """Return the number of runs on each data set, by key: one query."""
    keys = [row.pk for row in rows]
    counted = DataSet.objects.filter(uploaded__in=keys).values_list("uploaded")
    return dict(counted.annotate(number=Count("runs")))


def archive(data: TeamData, user: User) -> None:
    """Take a data set off the lists and the launch form; runs on it go on."""
    TeamData.objects.filter(pk=data.pk, archived_at=None).update(archived_at=Now())
    _audit("archived", data, user)


def restore(data: TeamData, user: User) -> None:
    """Put an archived data set back."""
    TeamData.objects.filter(pk=data.pk).update(archived_at=None)
    _audit("restored", data, user)


def delete(data: TeamData, user: User) -> None:
    """Delete an archived data set that nothing needs; its content follows with the next sweep.

    Raises:
        InvalidSettings: it is not archived, or something needs it.
    """
    if data.archived_at is None:
        raise InvalidSettings({"data": f"{data} is not archived: archive it first"})
    if usage := usage_of(data):
        raise InvalidSettings({"data": f"{data} cannot be deleted: {usage} of your team need it"})
    try:
        with transaction.atomic():
            DataSet.objects.filter(uploaded=data, runs=None).delete()
            TeamData.objects.get(pk=data.pk).delete()
            _audit("deleted", data, user)
    except (RestrictedError, IntegrityError):  # a run was launched just now
        raise InvalidSettings({"data": f"{data} cannot be deleted: a run needs it"}) from None


def _audit(verb: str, data: TeamData, user: User) -> None:
    audit.record("setting", f"{verb} data set {data}", user=user, team=data.team, link="/data/")


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"

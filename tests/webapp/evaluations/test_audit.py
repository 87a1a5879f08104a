"""Control and deletion of runs, evaluations and exports are in the audit trail."""

from __future__ import annotations

import pytest

from tests.fixtures.evaluations import finish_export, make_evaluation, make_export
from tests.fixtures.factories import make_run, work_off
from webapp.accounts.models import AuditEntry
from webapp.evaluations.services import control
from webapp.exports.models import Export
from webapp.exports.services import launch as exports
from webapp.runs.models import Run
from webapp.runs.services import organising

pytestmark = pytest.mark.django_db


def done_by(user) -> list[str]:
    rows = AuditEntry.objects.filter(kind="control", user=user).order_by("pk")
    return [" ".join(row.text.split()[:3]) for row in rows]


def test_evaluations_exports_and_runs(team, researcher, curator):
    run = make_run(team, candidates=1)
    work_off(run)
    evaluation = make_evaluation(team, researcher, run)
    control.cancel(evaluation.trainings.all(), researcher)
    control.retry(evaluation.trainings.all(), curator)
    control.cancel(evaluation.trainings.all(), None)
    control.delete(evaluation, researcher)
    rows = Export.objects.filter(pk=make_export(team, researcher).pk)
    exports.cancel(rows, researcher)
    exports.retry(rows, researcher)
    exports.delete(finish_export(rows.get()), curator)
    other = make_run(team, candidates=1, seed=5)
    work_off(other)
    organising.archive(other, curator)
    organising.delete(Run.objects.get(pk=other.pk), curator)
    assert done_by(researcher) == [
        "cancelled the evaluation",
        "deleted the evaluation",
        "cancelled the export",
        "retried the export",
    ]
    assert done_by(curator) == [
        "retried the evaluation",
        "deleted the export",
        f"deleted run {other.pk}",
    ]
    assert AuditEntry.objects.get(who="the command line", kind="control").team == team

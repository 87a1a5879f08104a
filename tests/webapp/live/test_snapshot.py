"""The snapshot of a run's page: strict JSON, and bounded for any number of candidates."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nasengine.core.outcome import Outcome
from tests.fixtures.run_life import as_json
from webapp.runs.models import Candidate, Measurement, Run
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.snapshot import snapshot

from ...fixtures.factories import make_run, make_slot, take

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_diverged_candidate_has_its_reason_and_no_value():
    run = make_run()
    claims.finish(take(make_slot()), Outcome(0, "diverged", reason="loss is nan in epoch 1"))
    advance_run(run.pk)
    shot = as_json(snapshot(run))
    row = shot["candidates"][0]
    assert (row["state"], row["reason"], row["values"]) == (
        "diverged",
        "loss is nan in epoch 1",
        {},
    )
    assert shot["front"]["numbers"] == []


def make_many(run: Run, count: int) -> None:
    proposal = run.candidates.get(number=0).proposal
    rows = Candidate.objects.bulk_create(
        Candidate(
            run=run,
            number=number,
            proposal=proposal,
            architecture_id="0" * 64,
            state="done",
            ended_order=number,
            told=True,
            curve=[{"epoch": e, "epochs": 20, "valid_error": 50.0 / e} for e in range(1, 21)],
        )
        for number in range(1, count + 1)
    )
    Measurement.objects.bulk_create(
        Measurement(candidate=row, objective=name, value=1.0 + row.number, method="measured")
        for row in rows
        for name in ("error", "params")
    )
    Run.objects.filter(pk=run.pk).update(best=1)


def test_queries_and_curves_stay_bounded_with_ten_thousand_candidates():
    run = make_run()
    make_many(run, 10)
    with CaptureQueriesContext(connection) as few:
        snapshot(run)
    run.candidates.filter(number__gt=0).delete()
    make_many(run, 10_000)
    with CaptureQueriesContext(connection) as many:
        shot = snapshot(run)
    assert len(many) == len(few)
    assert len(shot["candidates"]) == 10_001
    assert len(shot["curves"]) == 6  # the last five and the best

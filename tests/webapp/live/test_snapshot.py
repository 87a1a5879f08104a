"""The snapshot of a run's page: strict JSON, and bounded for any number of candidates."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from nasengine.core.outcome import Outcome
from tests.fixtures.candidate_columns import rows_of
from tests.fixtures.copies import copy_row
from tests.fixtures.run_life import as_json
from webapp.runs import columns
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
    row = rows_of(shot["candidates"])[0]
    assert (row["state"], row["values"]) == ("diverged", {})
    assert shot["front"]["numbers"] == []


def make_many(run: Run, count: int) -> None:
    """Add candidates 1 to `count`, each with a curve and both measurements."""
    curve = [{"epoch": e, "epochs": 20, "valid_error": 50.0 / e} for e in range(1, 21)]
    columns = {"number": "n", "ended_order": "n", "state": "'done'", "told": "true"}
    columns |= {"architecture_id": f"'{'0' * 64}'", "curve": f"'{json.dumps(curve)}'"}
    copy_row(run.candidates.get(number=0), count, **columns)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runs_measurement"
            " (candidate_id, objective, value, unit, device, method, repetitions, detail)"
            " SELECT c.id, o, 1.0 + c.number, '', '', 'measured', 1, '{}'"
            " FROM runs_candidate c, unnest(ARRAY['error', 'params']) o"
            " WHERE c.run_id = %s AND c.number > 0",
            [run.pk],
        )
    Run.objects.filter(pk=run.pk).update(best=1, seq=F("seq") + 1)  # as an event would


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
    assert [row["number"] for row in rows_of(shot["candidates"])] == list(range(10_001))
    assert len(shot["curves"]) == 6  # the last five and the best
    run.candidates.filter(number__range=(100, 400)).update(state="trained")
    kept = {int(number) for number in snapshot(run)["curves"]}
    assert kept == {1, *range(201, 401), *range(9_996, 10_001)}  # and the newest supernet steps


@pytest.mark.trap(11)
def test_fault_20_a_long_run_is_thinned_without_losing_front_extremes_or_lone_points(monkeypatch):
    monkeypatch.setattr(columns, "MAX_CANDIDATES", 500)
    run = make_run()
    make_many(run, 2_000)
    crowd = Measurement.objects.filter(candidate__run=run)
    for number, error, params in ((77, -5.0, 1e9), (1_234, 1e9, -7.0), (900, 4e8, 4e8)):
        chosen = crowd.filter(candidate__number=number)
        chosen.filter(objective="error").update(value=error)
        chosen.filter(objective="params").update(value=params)
    run.candidates.filter(number=555).update(state="failed")
    Run.objects.filter(pk=run.pk).update(front={"numbers": [77, 333, 1_234], "curve": []})
    shot = snapshot(run)["candidates"]
    numbers = {row["number"] for row in rows_of(shot)}
    assert shot["total"] == 2_001
    assert {77, 333, 1_234, 900, 555, 2_000} <= numbers
    assert len(numbers) < 500


def test_the_size_of_a_snapshot_is_bounded_for_any_number_of_candidates(monkeypatch):
    monkeypatch.setattr(columns, "MAX_CANDIDATES", 300)
    monkeypatch.setattr(columns, "GRID", 10)
    run = make_run()
    make_many(run, 3_000)
    Run.objects.filter(pk=run.pk).update(front={"numbers": list(range(5)), "curve": []})
    assert len(json.dumps(snapshot(run)["candidates"])) < 30_000


def test_a_run_without_candidates_and_odd_ids_of_architectures_have_columns():
    run = make_run(advance=False, in_flight=2)
    assert rows_of(snapshot(run)["candidates"]) == []
    advance_run(run.pk)
    run.candidates.update(architecture_id="zz")
    Candidate.objects.filter(run=run, number=0).update(architecture_id="ab")
    shot = snapshot(run)["candidates"]
    numbers = struct.unpack("<2I", base64.b64decode(shot["architecture"]))
    assert numbers == (0xAB000000, 0)


def test_columns_are_remembered_until_the_next_event():
    run = make_run()
    with CaptureQueriesContext(connection) as first:
        before = snapshot(run)["candidates"]
    with CaptureQueriesContext(connection) as second:
        assert snapshot(run)["candidates"] is before
    assert len(second) == len(first) - 1  # the origins; the columns use a cursor of their own
    claims.finish(take(make_slot()), Outcome(0, "diverged", reason="loss is nan in epoch 1"))
    after = rows_of(as_json(snapshot(run))["candidates"])
    assert after[0]["state"] == "diverged"

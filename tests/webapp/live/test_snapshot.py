"""The snapshot: bounded, strict JSON, and equal to an older one moved by events."""

from __future__ import annotations

import json
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nasengine.core.outcome import Outcome
from webapp.events.models import Event
from webapp.runs.models import Candidate, Measurement, Run
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import cancel, pause, raise_budget, resume
from webapp.runs.services.locking import locked_run
from webapp.runs.services.reaper import reap
from webapp.runs.services.record import tell_log
from webapp.runs.snapshot import snapshot

from ..making import done, make_run, make_slot, take
from ..runs.test_claims import expire
from .reducer import Page

pytestmark = pytest.mark.django_db(transaction=True)


def as_json(value):
    """The value as a page receives it; NaN would fail here."""
    return json.loads(json.dumps(value, allow_nan=False))


def life_of(run: Run):
    """Acts one after the other; yields after each, so that a snapshot can be taken."""
    yield "launched"
    advance_run(run.pk)
    yield "advanced"
    slot = make_slot("w")
    first, second = take(slot), take(slot)
    yield "claimed"
    for epoch in (1, 2):
        claims.report(first, {"epoch": epoch, "epochs": 2, "valid_error": 50.0 / epoch})
        claims.report(second, {"epoch": epoch, "epochs": 3, "train_loss": float("nan")})
        yield "reported"
    claims.finish(first, done(0, 25.0, 500.0))
    yield "done"
    advance_run(run.pk)
    yield "told"
    claims.finish(second, Outcome(1, "diverged", reason="loss is nan in epoch 3, step 2"))
    advance_run(run.pk)
    yield "diverged"
    third = take(slot)
    claims.report(third, {"epoch": 1, "epochs": 2, "valid_error": 44.0})
    expire(third)
    reap()
    yield "lost"
    third = take(slot)
    yield "claimed again"
    claims.report(third, {"epoch": 1, "epochs": 2, "valid_error": 40.0})
    pause(run, None)
    yield "pausing"
    claims.finish(third, done(2, 20.0, 900.0))
    advance_run(run.pk)
    yield "paused"
    resume(run, None)
    raise_budget(run, None, 20)
    yield "resumed"
    for _ in range(8):
        held = take(slot)
        claims.report(held, {"epoch": 1, "epochs": 1, "valid_error": 30.0 - held.number})
        claims.finish(held, done(held.number, 30.0 - held.number, 1000.0 + held.number))
        advance_run(run.pk)
    yield "many more"
    claims.give_back(take(slot))
    yield "given back"
    with locked_run(run.pk) as locked:
        for i in range(150):
            tell_log(locked, "info", f"line {i}")
    yield "logged"
    take(slot)
    cancel(run, None)
    yield "cancelled"


def test_every_snapshot_moved_by_events_equals_the_next_ones():
    run = make_run(advance=False, candidates=12, in_flight=2)
    shots = [(act, as_json(snapshot(run))) for act in life_of(run)]
    events = [as_json(e.to_json()) for e in Event.objects.filter(run=run).order_by("seq")]
    assert {e["kind"] for e in events} == {"run", "candidate", "progress", "front", "method", "log"}
    last_act, last = shots[-1]
    for act, shot in shots:
        page = Page(shot)
        for event in events:
            page.apply(event)
        assert page.snapshot() == last, f"from {act!r} to {last_act!r}"


def test_replaying_everything_is_harmless():
    run = make_run(advance=False, candidates=12, in_flight=2)
    for _ in life_of(run):
        pass
    shot = as_json(snapshot(run))
    page = Page(shot)
    page.state["seq"] = 0  # as if the rows were much newer than the number
    for event in Event.objects.filter(run=run).order_by("seq"):
        page.apply(as_json(event.to_json()))
    replayed = page.snapshot()
    for part in ("seq", "run", "candidates", "front", "method"):
        assert replayed[part] == shot[part]


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


def test_queries_and_time_stay_bounded_with_ten_thousand_candidates():
    run = make_run()
    make_many(run, 10)
    with CaptureQueriesContext(connection) as few:
        snapshot(run)
    run.candidates.filter(number__gt=0).delete()
    make_many(run, 10_000)
    with CaptureQueriesContext(connection) as many:
        began = time.perf_counter()
        shot = snapshot(run)
        seconds = time.perf_counter() - began
    assert len(many) == len(few)
    assert len(shot["candidates"]) == 10_001
    assert len(shot["curves"]) == 6  # the last five and the best
    assert seconds < 1.5  # about 0.4 s on an idle machine

"""The browser's reducer: an old snapshot moved by events equals a fresh one."""

from __future__ import annotations

import json

import pytest

from tests.webapp.live.test_snapshot import life_of
from tests.webapp.making import make_run, make_slot, work_off
from webapp.events.models import Event
from webapp.runs.snapshot import snapshot

pytestmark = pytest.mark.django_db(transaction=True)

MOVE = """const state = m.reduceAll(m.fromSnapshot(v[0]), v[1]); return m.toSnapshot(state);"""
ONE_BY_ONE = """let state = m.fromSnapshot(v[0]);
for (const event of v[1]) state = m.reduce(state, event);
return m.toSnapshot(state);"""


def lively_run():
    """A run that `life_of` can be played with."""
    return make_run(candidates=4, in_flight=2, deterministic=False, advance=False)


def as_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


def events_after(run, seq: int) -> list[dict]:
    return [event.to_json() for event in Event.objects.filter(run=run, seq__gt=seq).order_by("seq")]


def test_every_older_snapshot_moved_by_events_equals_the_present_one(scripts):
    run = lively_run()
    older = [as_json(snapshot(run))]
    for _ in life_of(run):
        fresh = as_json(snapshot(run))
        for start in older:
            events = events_after(run, start["seq"])
            assert scripts.call("reducer.js", MOVE, start, events) == fresh
        older.append(fresh)
    assert len(older) > 8


def test_events_one_by_one_or_twice_or_late_give_the_same(scripts):
    run = lively_run()
    start = as_json(snapshot(run))
    for _ in life_of(run):
        pass
    events = events_after(run, start["seq"])
    fresh = as_json(snapshot(run))
    assert scripts.call("reducer.js", ONE_BY_ONE, start, events) == fresh
    assert scripts.call("reducer.js", MOVE, start, [*events, *events, events[0]]) == fresh
    assert scripts.call("reducer.js", MOVE, fresh, events) == fresh


def test_a_state_is_never_changed_in_place(scripts):
    run = lively_run()
    start = as_json(snapshot(run))
    for _ in life_of(run):
        pass
    code = """const state = m.fromSnapshot(v[0]); m.reduceAll(state, v[1]);
    return m.toSnapshot(state);"""
    assert scripts.call("reducer.js", code, start, events_after(run, start["seq"])) == start


def test_many_candidates_are_replayed_quickly(scripts):
    run = make_run(candidates=1)
    work_off(run, make_slot())
    state = as_json(snapshot(run))
    row = state["candidates"][0]
    state["candidates"] = [{**row, "number": n, "ended_order": n} for n in range(10_000)]
    events = [
        {
            "seq": state["seq"] + 1 + n,
            "kind": "candidate",
            "at": row["ended_at"],
            "item": {**row, "number": n},
        }
        for n in range(5_000)
    ]
    code = """const start = performance.now();
    const state = m.reduceAll(m.fromSnapshot(v[0]), v[1]);
    return [state.candidates.size, state.seq, performance.now() - start];"""
    size, seq, milliseconds = scripts.call("reducer.js", code, state, events)
    assert (size, seq) == (10_000, state["seq"] + 5_000)
    assert milliseconds < 2_000


def test_an_unknown_kind_moves_the_number_alone(scripts):
    run = make_run(candidates=1)
    state = as_json(snapshot(run))
    event = {"seq": state["seq"] + 1, "kind": "of-a-later-version", "at": "", "item": {}}
    assert scripts.call("reducer.js", MOVE, state, [event]) == {**state, "seq": state["seq"] + 1}

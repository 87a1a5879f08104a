"""The browser's reducer: a snapshot moved by the events that follow equals the next snapshot."""

from __future__ import annotations

import pytest

from tests.fixtures.candidate_columns import columns_of
from tests.fixtures.factories import (
    make_run,
    make_slot,
    make_table,
    make_team,
    table_text,
    work_off,
)
from tests.fixtures.run_life import as_json, events_after, life_of
from tests.fixtures.scripts_page import MOVE
from tests.fixtures.table_specs import asked
from webapp.runs.rows import candidate_row
from webapp.runs.services.advance import advance_run
from webapp.runs.services.launch import launch
from webapp.runs.snapshot import snapshot

pytestmark = pytest.mark.django_db(transaction=True)

ONE_BY_ONE = """let state = m.fromSnapshot(v[0]);
for (const event of v[1]) state = m.reduce(state, event);
return m.toSnapshot(state);"""


def lively_run():
    """A run that `life_of` can be played with."""
    return make_run(candidates=4, in_flight=2, deterministic=False, advance=False)


def test_every_older_snapshot_moved_by_events_equals_the_present_one(scripts):
    run = lively_run()
    older = [as_json(snapshot(run))]
    for act in life_of(run):
        fresh = as_json(snapshot(run))
        for start in older:
            events = events_after(run, start["seq"])
            assert scripts.call("reducer.js", MOVE, start, events) == fresh, act
        older.append(fresh)
    assert len(older) > 8


def test_the_life_of_a_run_has_events_of_every_kind():
    run = lively_run()
    for _ in life_of(run):
        pass
    kinds = {event["kind"] for event in events_after(run, 0)}
    assert kinds == {"run", "candidate", "progress", "front", "method", "log"}


def test_look_ups_move_a_snapshot_like_trainings(scripts):
    team = make_team()
    make_table(team, text=table_text())
    run = launch(team, None, asked("table:made", "made", in_flight=3, candidates=25), "a run")
    shots = [as_json(snapshot(run))]
    while advance_run(run.pk, seconds=0.01):
        run.refresh_from_db()
        shots.append(as_json(snapshot(run)))
    run.refresh_from_db()
    last = as_json(snapshot(run))
    assert [event["seq"] for event in events_after(run, 0)] == list(range(1, run.seq + 1))
    for shot in shots:
        events = events_after(run, shot["seq"])
        assert scripts.call("reducer.js", MOVE, shot, events) == last


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


def test_rows_that_are_newer_than_the_number_take_no_harm(scripts):
    """The number is read before the rows, so a snapshot may hold what its events repeat."""
    run = lively_run()
    for _ in life_of(run):
        pass
    fresh = as_json(snapshot(run))
    replayed = scripts.call("reducer.js", MOVE, {**fresh, "seq": 0}, events_after(run, 0))
    for part in ("seq", "run", "candidates", "front", "method"):
        assert replayed[part] == fresh[part]


def test_a_state_is_never_changed_in_place(scripts):
    run = lively_run()
    start = as_json(snapshot(run))
    for _ in life_of(run):
        pass
    code = """const state = m.fromSnapshot(v[0]); m.reduceAll(state, v[1]);
    return m.toSnapshot(state);"""
    assert scripts.call("reducer.js", code, start, events_after(run, start["seq"])) == start


def test_a_batch_copies_each_collection_once_however_many_events_it_has(scripts):
    """Else replaying thousands of events over thousands of candidates would take minutes."""
    run = make_run(candidates=1)
    work_off(run, make_slot())
    state = as_json(snapshot(run))
    row = as_json(candidate_row(run.candidates.get()))
    rows = [{**row, "number": n, "ended_order": n} for n in range(10_000)]
    state["candidates"] = columns_of(rows, ["error", "params"])
    events = [
        {
            "seq": state["seq"] + 1 + n,
            "kind": "candidate",
            "at": row["ended_at"],
            "item": {**row, "number": n},
        }
        for n in range(5_000)
    ]
    code = """const before = m.fromSnapshot(v[0]);
    let copies = 0;
    const Plain = window.Map;
    window.Map = class extends Plain {
      constructor(from) { super(from); if (from instanceof Plain) copies += 1; }
    };
    const state = m.reduceAll(before, v[1]);
    window.Map = Plain;
    return [state.candidates.size, state.seq, copies];"""
    size, seq, copies = scripts.call("reducer.js", code, state, events)
    assert (size, seq) == (10_000, state["seq"] + 5_000)
    assert copies == 2  # candidates and curves


def test_an_unknown_kind_moves_the_number_alone(scripts):
    run = make_run(candidates=1)
    state = as_json(snapshot(run))
    event = {"seq": state["seq"] + 1, "kind": "of-a-later-version", "at": "", "item": {}}
    assert scripts.call("reducer.js", MOVE, state, [event]) == {**state, "seq": state["seq"] + 1}

"""One seed gives one search: repeated, interrupted, with two workers, without workers."""

from __future__ import annotations

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search

from ..fixtures.fleet import each_once, results

CANDIDATES = 8


def test_repeated_interrupted_and_with_two_workers(fleet):
    spec = {"epochs": 2, "candidates": CANDIDATES, "in_flight": 2, "seed": 11}
    fleet.start_coordinator()
    fleet.start_worker()
    plain = fleet.wait_ended(fleet.launch(**spec))
    each_once(plain, CANDIDATES)
    again = fleet.wait_ended(fleet.launch(**spec))
    assert results(again) == results(plain)

    broken = fleet.launch(**spec)
    fleet.until(broken.candidates.filter(state="done").exists)
    fleet.end("worker")
    fleet.end("coordinator")
    assert broken.candidates.filter(state="done").count() < CANDIDATES
    fleet.start_coordinator()
    fleet.start_worker("one")
    fleet.start_worker("two")
    fleet.wait_ended(broken)
    assert results(broken) == results(plain)

    both = fleet.wait_ended(fleet.launch(**spec))
    assert results(both) == results(plain)
    alone = search.run(SearchSpec.from_json(plain.spec))  # the engine by itself
    found = [
        (
            candidate.proposal.number,
            candidate.proposal.architecture.id,
            candidate.outcome.state,
            candidate.outcome.values,
        )
        for candidate in alone.candidates
    ]
    assert found == results(plain)
    assert alone.run_front.front == plain.front["numbers"]
    assert alone.run_front.curve == plain.front["curve"]

    other = fleet.wait_ended(fleet.launch(**{**spec, "seed": 12}))
    assert results(other) != results(plain)

"""Supernet training across workers: after a kill another worker repeats the epoch."""

from __future__ import annotations

import json

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from webapp.events.models import Event
from webapp.runs.services.weights import weights_place

from ..fixtures.fleet import results

QUESTION = {
    "space": "nb201",
    "strategy": "darts",
    "space_config": {"cells": 1, "channels": 8},
    # Epochs long enough to be killed in: some hundred steps of few images.
    "strategy_config": {"epochs": 3, "batch_size": 4, "compared": 1},
    "objectives": ("error", "params"),
    "candidates": 10,
    "in_flight": 2,
    "seed": 11,
}


def untimed(findings):
    times = ("seconds", "train_seconds")
    return {name: value for name, value in findings.items() if name not in times}


def test_a_search_killed_in_an_epoch_finds_the_same_as_one_process(fleet):
    fleet.expect_losses()
    fleet.start_coordinator()
    fleet.start_worker("one")
    run = fleet.launch(epochs=1, **QUESTION)
    second = run.candidates.filter(number=1)
    fleet.until(second.filter(state="running").exists)
    fleet.kill("one")
    fleet.start_worker("two")
    fleet.wait_ended(run)
    alone = search.run(SearchSpec.from_json(run.spec))
    assert results(run) == [
        (
            candidate.proposal.number,
            candidate.proposal.architecture.id,
            candidate.outcome.state,
            candidate.outcome.values,
        )
        for candidate in alone.candidates
    ]
    assert second.get().attempts == 2
    trained = run.candidates.filter(state="trained").order_by("number")
    assert [untimed(candidate.findings) for candidate in trained] == [
        untimed(candidate.outcome.findings)
        for candidate in alone.candidates
        if candidate.outcome.findings
    ]
    folder = fleet.folder / "var" / "weights" / weights_place(run).path.name
    # A worker removes the checkpoints of a candidate after it has stored how it ended.
    fleet.until(lambda: sorted(path.name for path in folder.iterdir()) == ["1.npz", "2.npz"])
    # The page saw it move: one event of the method's view for each epoch, the last one the state.
    views = Event.objects.filter(run=run, kind="method").order_by("seq")
    epochs = [json.loads(json.dumps(one.item))["view"]["epoch"] for one in views]
    assert {1, 2, 3} <= set(epochs)
    run.refresh_from_db()
    assert views.last().item == run.view

"""One-shot searches: order of proposals, budget, retries, and rank correlation."""

from __future__ import annotations

import json

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from tests.fixtures.supernet_searches import make_search, run_search, trained


@pytest.mark.parametrize(
    ("name", "derived"),
    [("darts", 4), ("random-sharing", 3), ("enas", 3)],  # the made-up trainer samples three
)
def test_epochs_come_first_then_one_derivation_then_retraining(name, derived):
    proposals = run_search(make_search(name))
    assert [p.task for p in proposals] == ["share"] * 5 + ["evaluate"] * derived
    supernet = [p.note for p in proposals[:5]]
    assert [note["do"] for note in supernet] == ["epoch"] * 4 + ["derive"]
    assert [note["from"] for note in supernet] == [None, 0, 1, 2, 3]
    assert [note["spent"] for note in supernet] == [None, None, 0, 1, 2]
    assert [note["epoch"] for note in supernet] == [0, 1, 2, 3, 4]
    assert len({note["seed"] for note in supernet}) == 1
    assert all(p.architecture.genome == {"shared": True} for p in proposals[:5])
    assert all(isinstance(p.note["shared"], float) for p in proposals[5:])


def test_nothing_is_proposed_while_the_supernet_is_trained():
    strategy = make_search()
    first = strategy.ask()
    assert strategy.ask() is None
    strategy.tell(trained(first))
    assert strategy.ask().number == 1


def test_a_budget_below_one_search_is_refused_with_the_sum():
    with pytest.raises(InvalidSettings) as refused:
        make_search(epochs=40, candidates=44)
    assert refused.value.errors["candidates"].startswith(
        "must be at least 45 (got 44): 40 supernet epochs, 1 derivation and 4 stand-alone"
    )
    assert make_search(epochs=40, candidates=45).ask().number == 0


def test_further_searches_start_again_with_other_seeds_while_the_budget_lasts():
    proposals = run_search(make_search(searches=9, compared=0, candidates=14))
    assert [p.task for p in proposals] == (["share"] * 5 + ["evaluate"]) * 2
    first, second = proposals[0].note, proposals[6].note
    assert (second["search"], second["epoch"], second["from"]) == (1, 0, None)
    assert first["seed"] != second["seed"]


def test_an_epoch_that_fails_is_tried_again_from_the_same_checkpoint():
    strategy = make_search()
    strategy.tell(trained(strategy.ask()))
    for _ in range(2):
        proposal = strategy.ask()
        assert (proposal.note["epoch"], proposal.note["from"]) == (1, 0)
        strategy.tell(Outcome(proposal.number, "failed", reason="the disk is full"))
    proposal = strategy.ask()
    assert (proposal.number, proposal.note["from"]) == (3, 0)
    strategy.tell(trained(proposal))
    assert strategy.ask().note["from"] == 3


@pytest.mark.parametrize(("state", "times"), [("diverged", 1), ("failed", 3), ("cancelled", 3)])
def test_after_the_last_attempt_the_last_good_epoch_is_derived(state, times):
    strategy = make_search()
    strategy.tell(trained(strategy.ask()))
    for _ in range(times):
        strategy.tell(Outcome(strategy.ask().number, state, reason="loss became NaN"))
    proposal = strategy.ask()
    assert (proposal.note["do"], proposal.note["from"]) == ("derive", 0)
    assert "Supernet epoch 2: loss became NaN" in strategy.view()["said"]
    strategy.tell(trained(proposal))
    assert strategy.ask().task == "evaluate"


def test_without_any_epoch_the_search_is_over():
    strategy = make_search()
    strategy.tell(Outcome(strategy.ask().number, "diverged", reason="loss became NaN"))
    assert strategy.finished
    assert strategy.ask() is None


def test_the_rank_correlation_is_kendalls_tau_of_supernet_and_stand_alone_error():
    strategy = make_search(compared=3)
    while True:
        proposal = strategy.ask()
        if proposal.task == "evaluate":
            break
        strategy.tell(trained(proposal, errors=[10.0, 20.0, 30.0, 40.0]))
    for value in (1.0, 2.0, 4.0, 3.0):
        measured = (Measurement("error", value, "%"),)
        strategy.tell(Outcome(proposal.number, "done", measured))
        proposal = strategy.ask()
    view = strategy.view()
    assert [pair[2:] for pair in view["alone"]] == [[10, 1], [20, 2], [30, 4], [40, 3]]
    assert view["tau"] == pytest.approx(4 / 6, abs=1e-3)  # five pairs agree, one does not
    json.dumps(view, allow_nan=False)


def test_random_sharing_shows_the_errors_of_random_architectures():
    strategy = make_search("random-sharing")
    strategy.tell(trained(strategy.ask(), children=[40.0, 20.0, 60.0]))
    [row] = strategy.view()["course"]
    assert (row["children_mean"], row["children_best"]) == (40.0, 20.0)

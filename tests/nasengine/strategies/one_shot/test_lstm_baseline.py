"""The LSTM baseline of recurrent searches: when it is trained, and what it is compared with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nasengine.catalog import load
from nasengine.core.errors import InvalidSettings
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Goal
from nasengine.core.outcome import Outcome
from nasengine.core.strategy import Task

PERPLEXITY = Goal("perplexity", "perplexity", None, "lower", "")


def recurrent_search(**config):
    space = load("spaces", "recurrent-cell")
    task = Task(space(space.Config(nodes=2)), (PERPLEXITY,), (), 3, config.pop("candidates", 20))
    strategy = load("strategies", "random-sharing")
    return strategy(strategy.Config(epochs=1, proofs=2, **config), task)


def run_search(strategy, perplexities, baseline):
    """Run a search; cells get these perplexities (None: failed), `baseline` answers the LSTM."""
    space, proposals = strategy.task.space, []
    rng = np.random.default_rng(0)
    genomes = [space.sample(rng).genome for _ in range(2)]
    perplexities = iter(perplexities)
    while not strategy.finished and (proposal := strategy.ask()) is not None:
        proposals.append(proposal)
        phase = proposal.note.get("do")
        if phase == "rival":
            outcome = baseline(proposal)
        elif phase:
            found = {"genomes": genomes, "errors": [1.0, 2.0]}
            outcome = Outcome(proposal.number, "trained", findings=found)
        else:
            value = next(perplexities)
            measured = (Measurement("perplexity", value, ""),) if value else ()
            outcome = Outcome(
                proposal.number, "done" if value else "failed", measured, "out of memory"
            )
        strategy.tell(outcome)
    return proposals


def lstm_of_40(proposal):
    found = {"network": "LSTM", "hidden": 9, "parameters": 1234, "values": {"perplexity": 40.0}}
    return Outcome(proposal.number, "trained", findings=found)


def phases(proposals):
    return [proposal.note.get("do") for proposal in proposals]


def test_for_text_an_lstm_is_compared_with_the_best_cell_at_the_end():
    strategy = recurrent_search()
    proposals = run_search(strategy, [50.0, 45.0], lstm_of_40)
    assert phases(proposals) == ["epoch", "derive", None, None, "rival"]
    assert proposals[4].architecture == proposals[3].architecture
    assert strategy.view()["rival"] == {
        "network": "LSTM", "parameters": 1234, "value": 40.0, "number": 3, "cell": 45.0,
    }  # fmt: skip
    restored = recurrent_search()
    restored.load_state_dict(json.loads(json.dumps(strategy.state_dict())))
    assert restored.finished
    assert restored.view() == strategy.view()


def test_the_lstm_waits_until_every_cell_has_ended():
    strategy = recurrent_search()
    strategy.ask()
    strategy.tell(Outcome(0, "trained", findings={}))
    strategy.ask()
    genomes = [strategy.task.space.sample(np.random.default_rng(n)).genome for n in range(2)]
    strategy.tell(Outcome(1, "trained", findings={"genomes": genomes, "errors": [1.0, 2.0]}))
    cells = [strategy.ask(), strategy.ask()]
    assert strategy.ask() is None
    assert not strategy.finished
    for cell, value in zip(cells, (3.0, 2.0), strict=True):
        measured = (Measurement("perplexity", value, ""),)
        strategy.tell(Outcome(cell.number, "done", measured))
    assert strategy.ask().note["do"] == "rival"


def test_without_a_cell_no_lstm_is_trained_and_the_search_ends():
    strategy = recurrent_search()
    proposals = run_search(strategy, [None, None], lstm_of_40)
    assert phases(proposals) == ["epoch", "derive", None, None]
    assert strategy.ask() is None
    assert strategy.finished
    assert strategy.view()["rival"] is None


def test_a_failed_lstm_is_reported_and_the_next_search_starts():
    strategy = recurrent_search(searches=2, candidates=40)
    proposals = run_search(
        strategy,
        [50.0, 45.0, 44.0, 43.0],
        lambda proposal: Outcome(proposal.number, "diverged", reason="loss became NaN"),
    )
    assert phases(proposals) == ["epoch", "derive", None, None, "rival"] * 2
    assert "LSTM baseline: loss became NaN" in strategy.view()["said"]


def test_the_lstm_costs_one_candidate():
    with pytest.raises(InvalidSettings) as refused:
        recurrent_search(candidates=4)
    assert "at least 5 (got 4)" in refused.value.errors["candidates"]
    assert recurrent_search(candidates=5).ask().number == 0

"""One-shot searches under a constraint on a cheap cost derive only architectures that meet it."""

from __future__ import annotations

import pytest
import torch

from nasengine.core.search_spec import SearchSpec
from nasengine.execution.cheap_costs import CheapCosts
from nasengine.execution.loop import run

TIGHT = "params<=4822"  # cells without convolutions: 729 of 15,625
METHODS = {
    "darts": {"epochs": 1, "compared": 2},
    "enas": {
        "epochs": 1, "sampled": 4, "proofs": 2, "controller_steps": 1, "samples": 3,
        "reward_batch": 16,
    },
    "random-sharing": {"epochs": 1, "sampled": 4, "proofs": 2, "watched": 0},
}  # fmt: skip


def searched(strategy, constraints=(TIGHT,), objectives=("error", "params")):
    return run(
        SearchSpec(
            space="nb201",
            strategy=strategy,
            estimator="train",
            dataset="digits",
            objectives=objectives,
            constraints=constraints,
            candidates=5,
            seed=1,
            space_config={"cells": 1, "channels": 4},
            strategy_config=METHODS[strategy],
            estimator_config={"epochs": 1},
            dataset_config={"limit": 100},
        )
    )


@pytest.mark.parametrize("strategy", METHODS)
def test_each_derived_and_retrained_cell_meets_a_tight_bound(strategy):
    result = searched(strategy)
    retrained = [c for c in result.candidates if c.proposal.task == "evaluate"]
    assert [c.state for c in retrained] == ["done"] * (3 if strategy == "darts" else 2)
    assert all(c.values["params"] <= 4822 for c in retrained)
    assert result.finished
    assert result.pruned == 0


@pytest.mark.parametrize("strategy", METHODS)
def test_without_a_constraint_convolutions_are_derived(strategy):
    result = searched(strategy, constraints=())
    retrained = [c for c in result.candidates if c.proposal.task == "evaluate"]
    assert any(c.values["params"] > 4822 for c in retrained)


def test_an_infeasible_sample_of_enas_gets_a_negative_reward(monkeypatch):
    from nasengine.estimators.one_shot.enas.reinforce import Reinforce

    seen = []
    step = Reinforce.step

    def spy(self, samples, rewards):
        seen.extend(rewards)
        return step(self, samples, rewards)

    monkeypatch.setattr(Reinforce, "step", spy)
    searched("enas")
    assert any(reward < 0 for reward in seen)
    assert all(-1 <= reward <= 1 for reward in seen)


def test_costs_of_scored_architectures_draw_nothing_from_the_search(monkeypatch):
    states = []
    build = CheapCosts.build

    def spy(self, architecture):
        before = torch.get_rng_state()
        network = build(self, architecture)
        states.append(torch.equal(before, torch.get_rng_state()))
        return network

    monkeypatch.setattr(CheapCosts, "build", spy)
    searched("random-sharing")
    assert states
    assert all(states)


def test_the_derived_architectures_are_a_front_of_error_and_costs():
    result = searched("random-sharing", constraints=())
    one_goal = searched("random-sharing", constraints=(), objectives=("error",))
    notes = [c.proposal.note["shared"] for c in result.candidates if c.proposal.task == "evaluate"]
    assert notes == sorted(notes)
    lowest = [
        c.proposal.note["shared"] for c in one_goal.candidates if c.proposal.note.get("shared")
    ]
    assert notes[0] == lowest[0]  # the lowest error is an end of the front

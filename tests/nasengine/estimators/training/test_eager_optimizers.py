"""Optimizers without torch's compiler: the same numbers as torch's own, and no import."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from nasengine.estimators.training import eager_optimizers

ROOT = Path(__file__).parents[4]
SETTINGS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "fused": True},
    "Adam": {"lr": 0.1, "betas": (0.5, 0.999), "weight_decay": 0.01},
    "AdamW": {"lr": 0.1, "weight_decay": 0.01, "fused": True},
}
SEARCH = """
import sys
import nasengine
nasengine.search(
    space="nb201", space_config={"cells": 1, "channels": 4}, strategy="darts",
    strategy_config={"epochs": 1}, dataset="digits", dataset_config={"limit": 64}, candidates=6,
    estimator="train", estimator_config={"epochs": 1, "threads": 1}, progress=False,
)
print("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize("name", SETTINGS)
def test_steps_and_states_equal_those_of_torch(name):
    """Also after a state was loaded, in the middle."""
    ours = partial(getattr(eager_optimizers, name), **SETTINGS[name])
    theirs = partial(getattr(torch.optim, name), **SETTINGS[name])
    weights, states = [], []
    for make in (ours, theirs):
        torch.manual_seed(3)
        weight = torch.nn.Parameter(torch.randn(5, 3))
        optimizer = make([weight])
        for turn in range(6):
            if turn == 3:
                state = optimizer.state_dict()
                optimizer = make([weight])
                optimizer.load_state_dict(state)
            (weight.sin() * torch.randn(5, 3)).sum().backward()
            optimizer.step()
            assert not weight.grad.requires_grad
            optimizer.zero_grad()
            assert weight.grad is None
        weights.append(weight.detach())
        states.append(optimizer.state_dict())
    assert torch.equal(*weights)
    assert states[0]["param_groups"] == states[1]["param_groups"]
    for key, value in states[0]["state"][0].items():
        assert torch.equal(value, states[1]["state"][0][key])


def test_a_search_does_not_import_the_compiler():
    done = subprocess.run(
        [sys.executable, "-c", SEARCH], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"]

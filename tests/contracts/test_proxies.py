"""Contracts of every proxy in the catalogue, on every space whose networks read images."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from nasengine.catalog import load, names
from nasengine.core.errors import EngineError
from nasengine.core.objective import Objective
from nasengine.core.proxy import ProxyEnsemble
from nasengine.proxies.common.probe import NetworkProbe
from tests.fixtures.spaces import NETWORK_SPACES, samples

PROXIES = names("proxies")
SINGLE = [name for name in PROXIES if not load("proxies", name).parts]
IMAGES = [name for name in NETWORK_SPACES if load("spaces", name).data_kind == "images"]
SHAPE = (3, 8, 8)
SMALL = {"cells": 3, "channels": 4}


def probe_of(name: str, seed: int = 0) -> NetworkProbe:
    space_class = load("spaces", name)
    fields = {field.name for field in dataclasses.fields(space_class.Config)}
    space = space_class(space_class.Config(**{k: v for k, v in SMALL.items() if k in fields}))
    torch.manual_seed(seed)
    network = space.build(samples(space, 1, seed=3)[0], SHAPE, 7)
    batches = [(torch.randn(4, *SHAPE), torch.randint(7, (4,))) for _ in range(2)]
    return NetworkProbe(network, SHAPE, batches, seed)


@pytest.mark.parametrize("space", IMAGES)
def test_every_proxy_is_finite_repeats_and_leaves_the_network_as_it_was(space):
    probe = probe_of(space)
    before = {key: value.clone() for key, value in probe._network.state_dict().items()}
    scores = {name: load("proxies", name)().score(probe) for name in SINGLE}
    assert all(map(math.isfinite, scores.values())), scores
    assert all((before[k] == v).all() for k, v in probe._network.state_dict().items())
    quick = ["snip", "synflow", "naswot", "az_trainability"]
    again = probe_of(space)
    assert {n: load("proxies", n)().score(again) for n in quick} == {n: scores[n] for n in quick}


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_has_a_name_a_help_text_and_is_an_objective_unless_it_is_an_ensemble(name):
    proxy = load("proxies", name)
    assert proxy.name == name and proxy.help.endswith(".") and proxy.__doc__
    if issubclass(proxy, ProxyEnsemble):
        assert set(proxy.parts) <= set(SINGLE)
        with pytest.raises(EngineError, match="use its parts"):
            proxy().score(probe_of("nb201"))
        with pytest.raises(EngineError, match="as objectives"):
            load("objectives", name)
        return
    objective = load("objectives", name)
    assert issubclass(objective, Objective) and objective.kind == name and objective.cheap


@pytest.mark.parametrize("name", [name for name in PROXIES if load("proxies", name).parts])
def test_an_ensemble_ranks_a_network_that_is_best_in_all_parts_first(name):
    ensemble = load("proxies", name)()
    rng = np.random.default_rng(0)
    scores = {part: [*rng.uniform(size=9).tolist(), 2.0] for part in ensemble.parts}
    combined = ensemble.combined(scores)
    assert len(combined) == 10 and combined.index(max(combined)) == 9

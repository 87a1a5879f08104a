"""A device in ten measurements, on synthetic devices whose costs are sums over operators."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr

import nasengine
from nasengine.core.errors import EngineError
from nasengine.predictors.few_shot.choice import choose_networks
from nasengine.predictors.few_shot.features import (
    features_of_cells,
    features_of_space,
    needed_edges,
)
from nasengine.predictors.few_shot.predictor import learn_prior, predict

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
NONE, SKIP, SMALL, LARGE = range(4)
CELLS = np.array(list(itertools.product(range(4), repeat=6)))[::13]
# Milliseconds of an operator: none, skip, small, large; start-up; relative noise.
DEVICES = {
    "fast": ((0.0, 0.1, 1.0, 2.0), 1.0, 0.02),
    "slow": ((0.0, 0.5, 8.0, 30.0), 5.0, 0.04),
    "wide": ((0.0, 2.0, 3.0, 4.0), 2.0, 0.01),
    "lean": ((0.2, 0.2, 1.5, 9.0), 3.0, 0.05),
}
NEW = ((0.1, 0.6, 2.0, 7.0), 2.0, 0.03)


def costs_on(device, seed):
    per_operator, start, noise = device
    exact = start + np.take(per_operator, CELLS).sum(axis=1)
    return exact * np.exp(noise * np.random.default_rng(seed).standard_normal(len(CELLS)))


@pytest.fixture(scope="module")
def prior():
    known = {name: costs_on(device, n) for n, (name, device) in enumerate(DEVICES.items())}
    return learn_prior(features_of_cells(CELLS, EDGES, NONE), known)


def test_ten_measurements_rank_all_networks_and_intervals_hold(prior):
    truth = costs_on(NEW, 50)
    held = []
    for seed in range(2):
        chosen = choose_networks(prior, 10, seed)
        prediction = predict(prior, chosen, truth[chosen])
        others = np.setdiff1d(np.arange(len(truth)), chosen)
        assert spearmanr(prediction.value[others], truth[others])[0] > 0.96
        error = np.abs(prediction.value[others] / truth[others] - 1)
        assert np.median(error) < 0.05
        inside = (prediction.low <= truth) & (truth <= prediction.high)
        held.append(inside[others].mean())
    assert 0.8 < np.mean(held) < 0.99


def test_chosen_networks_predict_better_than_random_ones(prior):
    truth = costs_on(NEW, 50)

    def rank_correlation(chosen):
        return spearmanr(predict(prior, chosen, truth[chosen]).value, truth)[0]

    seeds = range(3)
    chosen = [rank_correlation(choose_networks(prior, 5, seed)) for seed in seeds]
    drawn = [
        rank_correlation(np.random.default_rng(seed).permutation(len(truth))[:5]) for seed in seeds
    ]
    assert np.mean(chosen) > np.mean(drawn)


def test_only_the_measured_costs_are_read_and_the_unit_does_not_matter(prior):
    truth = costs_on(NEW, 50)
    chosen = choose_networks(prior, 10, 1)
    in_ms = predict(prior, chosen, truth[chosen])
    in_us = predict(prior, chosen, 1e3 * truth[chosen])
    np.testing.assert_allclose(in_us.value, 1e3 * in_ms.value, rtol=1e-6)
    np.testing.assert_allclose(in_us.high, 1e3 * in_ms.high, rtol=1e-6)


def test_the_seed_decides_the_choice(prior):
    first = choose_networks(prior, 10, 7)
    assert len(set(first.tolist())) == 10
    assert np.array_equal(choose_networks(prior, 10, 7), first)
    assert not np.array_equal(choose_networks(prior, 10, 8), first)
    assert np.array_equal(choose_networks(prior, 4, 7), first[:4]), "one after the other"


def test_edges_that_the_output_does_not_depend_on_are_known():
    # Node 1 is read only through edge 1-3; its operation is none, so edge 0-1 is not needed.
    cell = np.array([[LARGE, NONE, NONE, SKIP, NONE, NONE]])
    assert needed_edges(cell, EDGES, NONE).tolist() == [[False, False, False, True, True, True]]
    groups = features_of_cells(cell, EDGES, NONE)
    assert groups["counts"].tolist() == [[4, 1, 0, 1]]
    assert groups["kept counts"].tolist() == [[5, 1, 0, 0]]


def test_features_of_a_space_count_its_operations():
    space_class = nasengine.load_plugin("spaces", "nb201")
    space = space_class(space_class.Config())
    architectures = [space.sample(np.random.default_rng(seed)) for seed in range(5)]
    groups = features_of_space(space, architectures)
    assert groups["place"].shape == (5, 30)
    for row, architecture in zip(groups["counts"], architectures, strict=True):
        assert row.sum() == 6
        assert architecture.genome.count("3x3") == row[3] + row[4]


def test_too_little_is_refused_with_what_is_needed(prior):
    with pytest.raises(EngineError, match="at least three"):
        predict(prior, np.array([1, 2]), np.array([1.0, 2.0]))
    with pytest.raises(EngineError, match="above 0"):
        predict(prior, np.array([1, 2, 3]), np.array([1.0, 2.0, 0.0]))
    with pytest.raises(EngineError, match="1 known devices"):
        learn_prior(features_of_cells(CELLS, EDGES, NONE), {"fast": np.ones(len(CELLS))})

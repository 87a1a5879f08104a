"""Other measured devices as known ones: a made-up device that resembles one of them."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from nasengine.predictors.few_shot.features import features_of_cells
from nasengine.predictors.few_shot.fitted import FittedPredictor, fit
from nasengine.predictors.few_shot.measured_devices import (
    MAX_DEVICES,
    MIN_COMMON,
    learn_with_devices,
    usable_devices,
)

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
CELLS = np.array(list(itertools.product(range(4), repeat=6)))[::29]
FEATURES = features_of_cells(CELLS, EDGES, 0)
MODELLED = {
    name: 2.0 + np.take(per_operator, CELLS).sum(axis=1)
    for name, per_operator in {
        "server": (0.0, 0.1, 1.0, 2.0),
        "phone": (0.0, 0.5, 4.0, 30.0),
        "board": (0.0, 2.0, 3.0, 4.0),
    }.items()
}
# The runtime of both boards is slow for some of the networks; no operator model has that.
QUIRK = np.random.default_rng(3).choice([1.0, 2.0], len(CELLS))
OLD_BOARD = MODELLED["server"] * QUIRK
NEW_BOARD = 3.0 * OLD_BOARD * np.exp(0.01 * np.random.default_rng(4).standard_normal(len(CELLS)))
TEN = np.arange(5, len(CELLS), 15)[:10]


@pytest.fixture(scope="module")
def learned():
    return learn_with_devices(FEATURES, MODELLED, {"old": dict(enumerate(OLD_BOARD))})


def test_a_device_that_resembles_a_measured_one_is_predicted_better(learned):
    prior, references = learned
    plain, none = learn_with_devices(FEATURES, MODELLED, {})
    others = np.setdiff1d(np.arange(len(CELLS)), TEN)

    def rank_correlation(knowledge):
        found = fit(knowledge, TEN, NEW_BOARD[TEN])[0]
        return spearmanr(found.value[others], NEW_BOARD[others])[0]

    assert (list(references), none) == (["old, measured"], {})
    assert rank_correlation(plain) < 0.9
    assert rank_correlation(prior) > 0.98


def test_further_networks_need_only_the_modelled_costs(learned):
    prior, references = learned
    fitted = fit(prior, TEN, NEW_BOARD[TEN], references)[1]
    again = FittedPredictor.from_json(json.loads(json.dumps(fitted.to_json())))
    some = np.arange(40)
    found = again.predict(
        {name: columns[some] for name, columns in FEATURES.items()},
        {name: costs[some] for name, costs in MODELLED.items()},
    )
    assert np.isfinite(found.value).all() and (found.high > found.low).all()
    assert spearmanr(found.value, NEW_BOARD[some])[0] > 0.5
    old = {name: value for name, value in fitted.to_json().items() if name != "references"}
    assert FittedPredictor.from_json(old).references == {}


def test_devices_with_few_or_wrong_measurements_are_not_used():
    enough = {n: 1.0 + n for n in range(MIN_COMMON)}
    assert usable_devices({"few": dict(list(enough.items())[1:])}) == {}
    assert usable_devices({"wrong": {**enough, 0: 0.0}, "nan": {**enough, 1: np.nan}}) == {}
    many = {f"d{n}": {**enough, 50 + n: 2.0} for n in range(MAX_DEVICES + 2)}
    most = {**enough, 60: 1.0, 61: 1.0}
    assert list(usable_devices({**many, "z": most})) == ["z", "d0", "d1"]


def test_a_device_that_resembles_no_other_is_predicted_as_well_as_without_it():
    costs = 2.0 + np.take((0.0, 0.3, 2.0, 5.0), CELLS).sum(axis=1)
    costs = costs * np.exp(0.02 * np.random.default_rng(7).standard_normal(len(CELLS)))
    unlike = np.exp(np.random.default_rng(9).standard_normal(len(CELLS)))
    prior, _ = learn_with_devices(FEATURES, MODELLED, {"unlike": dict(enumerate(unlike))})
    found = fit(prior, TEN, costs[TEN])[0]
    assert spearmanr(found.value, costs)[0] > 0.99
    assert np.median(np.abs(found.value / costs - 1)) < 0.02

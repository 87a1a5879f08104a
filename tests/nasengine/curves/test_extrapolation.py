"""Learning-curve extrapolation on made-up and on published curves."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.curves import prediction_figures, read_curves, termination
from nasengine.curves import CurveExtrapolation, Prediction
from nasengine.curves.features import curve_features
from nasengine.curves.models import GaussianProcessModel, NuSVRModel
from tests.real_data import real_data

METAQNN = real_data("curves_metaqnn_cifar10.csv.gz")


def made_up(count, seed=0):
    """Return curves that fall to a level which their first values reveal, and one fact each."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(5, 40, (count, 1))
    epochs = np.arange(1, 13)
    curves = level + 50 * np.exp(-epochs / 3) + rng.normal(0, 0.2, (count, len(epochs)))
    return curves, level + rng.normal(0, 1, (count, 1))


def test_features_are_values_differences_summary_and_facts():
    row = curve_features(np.array([[5.0, 3.0, 2.0]]), np.array([[np.e]]))[0]
    assert row.tolist() == pytest.approx(
        [5, 3, 2, -2, -1, 1, 10 / 3, np.std([5, 3, 2]), np.e, 1]
    )  # fmt: skip


@pytest.mark.parametrize("make", [GaussianProcessModel, lambda: NuSVRModel(20)])
def test_predicts_the_last_value_with_an_uncertainty(make):
    curves, facts = made_up(60)
    model = CurveExtrapolation(curves[:30], facts[:30], make)
    predictions = model.predict(curves[30:, :4], facts[30:])
    errors = np.array([p.value for p in predictions]) - curves[30:, -1]
    assert np.sqrt((errors**2).mean()) < 2 < curves[30:, -1].std()
    assert all(0 < p.deviation < 5 for p in predictions)


def test_the_same_seed_gives_the_same_prediction():
    curves, facts = made_up(20)
    one, other = (CurveExtrapolation(curves, facts, lambda: NuSVRModel(5), 3) for _ in range(2))
    assert one.predict(curves[:2, :3], facts[:2]) == other.predict(curves[:2, :3], facts[:2])


def test_chance_below_a_bar():
    prediction = Prediction(10.0, 2.0)
    assert prediction.chance_below(10) == pytest.approx(0.5)
    assert prediction.chance_below(10 - 2 * 1.2815515) == pytest.approx(0.1, abs=1e-6)
    assert prediction.chance_below(float("inf")) == 1
    assert [Prediction(10, 0).chance_below(bar) for bar in (9, 11)] == [0, 1]


def test_too_few_curves_are_refused():
    with pytest.raises(ValueError, match="at least 6 complete curves"):
        CurveExtrapolation(np.ones((5, 3)), np.ones((5, 1)))


SOURCES = [made_up(300), *([read_curves(METAQNN)] if METAQNN else [])]


@pytest.mark.parametrize("source", SOURCES, ids=["made up", "published"][: len(SOURCES)])
def test_the_bounds_of_the_benchmark(source):
    """For one of its seeds and the quicker model; a quarter of each curve is seen."""
    r2, rank, inside = prediction_figures(*source, GaussianProcessModel, 100)
    assert rank > 0.95 and r2 > 0.9 and 0.8 < inside < 0.97
    saved, worse = termination(*source, GaussianProcessModel, 100, 0.05)
    assert saved > 0.4 and worse < 0.5

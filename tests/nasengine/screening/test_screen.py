"""The filter: its floor, its certificate, when it is switched on and off, and its state."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nasengine.core.measurement import Measurement
from nasengine.core.objective import Goal
from nasengine.core.outcome import Outcome
from nasengine.screening import Screen, ScreenSettings
from nasengine.screening.screen import is_below, low_score, quality_of
from nasengine.statistics.ranks import rank_correlation

GOALS = (Goal("params", "params", None, "lower", ""), Goal("error", "error", None, "lower", "%"))
SETTINGS = ScreenSettings("synflow", keep=0.5, correlation=0.5, first=6, checks=3)


def ended(number, score, error=None, state="done", name="synflow"):
    values = [Measurement(name, score, "")]
    values += [] if error is None else [Measurement("error", error, "%")]
    return Outcome(number, state, tuple(values))


def taught(good: int, screen: Screen | None = None) -> Screen:
    """Return a filter that has seen so many candidates whose error falls with the score."""
    screen = screen or Screen(SETTINGS, GOALS)
    for number in range(good):
        screen.take(ended(number, float(number), 50.0 - number))
    return screen


def test_the_objective_that_needs_training_is_estimated():
    assert quality_of(GOALS).name == "error"


def test_nothing_is_dropped_before_the_proxy_is_certified():
    screen = taught(5)
    assert not screen.active
    assert screen.request(5) == {"proxy": "synflow", "check": True}


def test_the_floor_is_the_quantile_of_the_scores_so_far():
    screen = taught(6)
    assert screen.active and screen.correlation.spearman == 1.0
    assert screen.request(7) == {"proxy": "synflow", "floor": 2.5}
    assert screen.request(9) == {"proxy": "synflow", "floor": 2.5, "check": True}
    assert low_score(screen.request(7), {"synflow": 2.4}) == (
        "synflow is below the filter's floor of 2.5"
    )
    assert low_score(screen.request(7), {"synflow": 2.5}) == ""
    assert low_score(screen.request(9), {"synflow": 2.4}) == "", "trained as a check"
    assert is_below(screen.request(9), {"synflow": 2.4})


def test_a_dropped_candidate_moves_the_floor_but_not_the_certificate():
    screen = taught(6)
    screen.take(ended(7, -10.0, state="pruned"))
    assert screen.request(8)["floor"] == 2.0
    assert screen.correlation.count == 6


def test_a_candidate_that_the_proxy_chose_does_not_certify_it():
    screen = taught(6)
    screen.take(ended(7, 100.0, 99.0))
    assert screen.correlation.count == 6
    screen.take(ended(9, 100.0, 99.0))
    assert screen.correlation.count == 7


def test_the_filter_is_switched_off_and_on_again_by_its_rank_correlation():
    screen = taught(5)
    on = screen.take(ended(5, 5.0, 45.0))
    assert on.active and on.text.startswith("the rank correlation of synflow with error is 1.00")
    switches = [screen.take(ended(number, 100.0 + number, 90.0)) for number in range(6, 18, 3)]
    (off,) = [one for one in switches if one is not None]
    assert not off.active and "below 0.5" in off.text
    assert "floor" not in screen.request(19)
    again = [screen.take(ended(n, float(n), 50.0 - n)) for n in range(21, 240, 3)]
    assert [one.active for one in again if one is not None] == [True]


def test_a_restored_filter_goes_on_in_the_same_way():
    rng = np.random.default_rng(0)
    outcomes = [ended(n, float(rng.normal()), float(rng.normal())) for n in range(40)]
    whole = Screen(SETTINGS, GOALS)
    requests = []
    for outcome in outcomes:
        requests.append(whole.request(outcome.number))
        whole.take(outcome)
    half = Screen(SETTINGS, GOALS)
    for outcome in outcomes[:17]:
        half.take(outcome)
    again = Screen(SETTINGS, GOALS)
    again.load_state_dict(json.loads(json.dumps(half.state_dict(), allow_nan=False)))
    for outcome in outcomes[17:]:
        assert again.request(outcome.number) == requests[outcome.number]
        again.take(outcome)
    assert again.state_dict() == whole.state_dict()


def test_an_ensemble_ranks_a_candidate_among_those_before():
    names = ("az_expressivity", "az_progressivity", "az_trainability", "macs")
    screen = Screen(ScreenSettings("az_nas", first=6), GOALS)
    for n in range(6):
        values = [*(Measurement(name, float(n), "") for name in names)]
        screen.take(Outcome(n, "done", (*values, Measurement("error", 50.0 - n, "%"))))
    request = screen.request(6)
    assert set(request["reference"]) == set(names)
    assert low_score(request, dict.fromkeys(names, 0.5))
    assert not low_score(request, dict.fromkeys(names, 4.5))


def test_the_interval_of_the_rank_correlation_holds_the_truth_nine_times_in_ten():
    rng = np.random.default_rng(1)
    true = 6 / np.pi * np.arcsin(0.7 / 2)  # Spearman of a normal pair with Pearson 0.7
    inside = 0
    for _ in range(200):
        x = rng.normal(size=40)
        y = 0.7 * x + (1 - 0.49) ** 0.5 * rng.normal(size=40)
        found = rank_correlation(x.tolist(), y.tolist())
        inside += found.low <= true <= found.high
    assert inside / 200 == pytest.approx(0.9, abs=0.06)


def test_too_few_or_equal_values_have_no_rank_correlation():
    assert rank_correlation([1, 2, 3, 4], [1, 2, 3, 4]) is None
    assert rank_correlation([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]) is None

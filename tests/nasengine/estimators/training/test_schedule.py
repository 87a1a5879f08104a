import math

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.estimators.training.schedule import learning_rate
from tests.fixtures.training import config


def rates(steps_per_epoch=10, **values):
    settings = config(learning_rate=0.4, epochs=4, **values)
    return [learning_rate(settings, step, steps_per_epoch) for step in range(40)]


def test_cosine_is_half_in_the_middle_and_ends_at_the_final_rate():
    curve = rates(schedule="cosine")
    assert (curve[0], curve[20]) == (0.4, pytest.approx(0.2))
    assert curve[10] == pytest.approx(0.4 * (1 + math.sqrt(0.5)) / 2)
    assert curve == sorted(curve, reverse=True)
    assert rates(schedule="cosine", final_learning_rate=0.1)[20] == pytest.approx(0.25)
    settings = config(learning_rate=0.4, epochs=4, final_learning_rate=0.1)
    assert learning_rate(settings, 40, 10) == pytest.approx(0.1)


def test_linear_falls_linearly():
    curve = rates(schedule="linear")
    assert curve == pytest.approx([0.4 * (1 - step / 40) for step in range(40)])


def test_constant_does_not_change():
    assert set(rates(schedule="constant")) == {0.4}


def test_step_reduces_the_rate_after_its_epochs():
    curve = rates(schedule="step", step_epochs=2, step_factor=0.1)
    assert curve[:20] == [0.4] * 20
    assert curve[20:] == pytest.approx([0.04] * 20)
    every = rates(schedule="step", step_factor=0.5)
    assert every[::10] == pytest.approx([0.4, 0.2, 0.1, 0.05])


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_a_warm_up_rises_linearly_to_the_peak_before_the_schedule(schedule):
    curve = rates(schedule=schedule, warm_up=1.0)
    assert curve[:10] == pytest.approx([0.04 * (step + 1) for step in range(10)])
    assert curve[10] == pytest.approx(0.4)
    middle = {"cosine": 0.2, "linear": 0.2, "constant": 0.4}[schedule]
    assert curve[25] == pytest.approx(middle)


def test_contradictory_settings_are_refused():
    with pytest.raises(InvalidSettings, match=r"warm_up: must be at most epochs, 4 \(got 5\)"):
        config(epochs=4, warm_up=5)
    with pytest.raises(InvalidSettings) as refusal:
        config(learning_rate=0.1, final_learning_rate=0.2, momentum=0, nesterov=True, device="tpu")
    assert set(refusal.value.errors) == {"final_learning_rate", "nesterov", "device"}


def test_restarts_return_to_the_peak_and_each_cosine_is_longer():
    settings = config(
        learning_rate=0.05, final_learning_rate=0.0001, epochs=630, schedule="restarts",
        restart_epochs=10, restart_factor=2,
    )  # fmt: skip
    starts = [0, 10, 30, 70, 150, 310]  # of the final training of ENAS' micro search
    curve = [learning_rate(settings, epoch * 7, 7) for epoch in range(630)]
    assert [curve[epoch] for epoch in starts] == [0.05] * 6
    assert [epoch for epoch in range(1, 630) if curve[epoch] > curve[epoch - 1]] == starts[1:]
    assert curve[310 + 160] == pytest.approx((0.05 + 0.0001) / 2)
    assert learning_rate(settings, 5 * 7 + 6, 7) == curve[5]  # constant within an epoch


def test_step_waits_for_its_first_epochs():
    curve = rates(schedule="step", step_after=2, step_factor=0.5)
    assert curve[::10] == pytest.approx([0.4, 0.4, 0.4, 0.2])

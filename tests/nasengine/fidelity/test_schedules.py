"""Which trainings go on, with curves that are known."""

from __future__ import annotations

import json

import pytest

from nasengine.core.errors import EngineError
from nasengine.core.outcome import Outcome
from nasengine.fidelity.settings import ScheduleSettings
from tests.nasengine.fidelity.steps import ERROR, PARAMS, Trainings, controller, falling, part

LEVELS = [30, 10, 50, 20, 60, 15, 70, 5]
CURVES = [falling(level) for level in LEVELS]


def test_rungs_are_powers_of_the_reduction():
    settings = ScheduleSettings(first_epochs=3, reduction=2)
    assert [settings.next_rung(reached) for reached in (0, 3, 5, 6)] == [3, 6, 6, 12]
    assert [settings.rungs(planned) for planned in (3, 4, 12, 13)] == [1, 2, 3, 4]


def test_halving_trains_the_best_of_a_bracket_to_its_end():
    """Brackets of four: two of each go on after one epoch, and one of them after two."""
    end = Trainings(controller("halving", first_epochs=1, reduction=2), CURVES).run()
    assert end.done == [1, 7]
    assert {n: o.epochs for n, o in end.ended.items()} == {
        0: 1, 1: 4, 2: 1, 3: 2, 4: 1, 5: 2, 6: 1, 7: 4
    }  # fmt: skip
    assert "best 1/2 of its bracket after 2 epochs" in end.ended[3].reason


def test_a_smaller_last_bracket_has_a_finalist_too():
    end = Trainings(controller("halving", first_epochs=1, reduction=2), CURVES[:7]).run()
    assert end.done == [1, 5]


def test_asha_promotes_without_waiting():
    """After two candidates the better one goes on; higher rungs come first."""
    end = Trainings(controller("asha", first_epochs=1, reduction=2), CURVES).run()
    assert end.parts[:3] == [(0, 1), (1, 1), (1, 2)]
    assert 7 in end.done
    spent = sum(outcome.epochs for outcome in end.ended.values())
    assert spent < 4 * len(CURVES) * 0.7
    assert all(end.ended[n].state == "stopped" for n in (2, 4, 6))


@pytest.mark.parametrize(("method", "done"), [("asha", [0, 1]), ("halving", [0, 3])])
def test_several_objectives_are_ranked_by_domination(method, done):
    """A small network with a high error goes on before one that is dominated.

    Halving has two brackets: 0 and 1, of which none dominates the other, and 2 and 3.
    """
    levels, params = [10, 40, 50, 35], [9.0, 1.0, 9.0, 8.0]
    made = controller(method, (ERROR, PARAMS), first_epochs=1, reduction=2)
    end = Trainings(made, [falling(level, 2) for level in levels], params).run()
    assert end.done == done


@pytest.mark.parametrize("method", ["asha", "halving"])
def test_a_search_of_few_candidates_has_a_complete_training(method):
    made = controller(method, first_epochs=1, reduction=4)
    assert Trainings(made, CURVES[:3]).run().done == [1]


def test_the_strategy_learns_the_values_after_the_first_part():
    end = Trainings(controller("asha", first_epochs=1, reduction=2), CURVES).run()
    assert {n: o.values["error"] for n, o in end.told.items()} == {
        n: curve[0] for n, curve in enumerate(CURVES)
    }
    assert {outcome.state for outcome in end.told.values()} == {"done"}


def test_median_stops_what_is_worse_than_the_median():
    made = controller("median", first_epochs=1, reduction=2, min_curves=6)
    end = Trainings(made, [*map(falling, range(6)), falling(30), falling(0)]).run()
    assert end.done == [0, 1, 2, 3, 4, 5, 7]
    stopped = end.ended[6]
    assert stopped.epochs == 1 and "the median of 6 others after 1 epochs" in stopped.reason
    assert end.told[6].values["error"] == falling(30)[0]


def test_median_compares_with_those_that_cost_no_more():
    curves, params = [*map(falling, range(6)), falling(30)], [9.0] * 6 + [1.0]
    made = controller("median", (ERROR, PARAMS), first_epochs=1, reduction=2, min_curves=6)
    assert Trainings(made, curves, params).run().done == list(range(7))


def curves_of(levels):
    return [falling(level, 8) for level in levels]


def test_extrapolation_stops_what_has_no_chance_and_keeps_the_prediction():
    made = controller("curves", first_epochs=2, reduction=2, min_curves=8)
    end = Trainings(made, curves_of([30, 12, 50, 20, 45, 15, 60, 25, 55, 8])).run()
    assert end.done == [*range(8), 9]
    stopped = end.ended[8]
    assert stopped.epochs == 2
    (prediction,) = stopped.findings["predictions"]
    assert prediction["value"] == pytest.approx(falling(55, 8)[-1], abs=2)
    assert prediction["chance"] < 0.05
    assert stopped.values["error"] == falling(55, 8)[1]
    assert end.told[8].values["error"] == prediction["value"]
    assert end.told[8].measurements[0].method == "modelled"
    assert [prediction["epoch"] for prediction in end.ended[9].findings["predictions"]] == [2, 4]


def test_extrapolation_asks_for_the_chance_to_enter_the_front():
    """The same curve is stopped with many parameters and goes on with few."""
    levels = [30, 12, 50, 20, 45, 15, 60, 25, 55, 55]
    params = [5.0] * 8 + [9.0, 1.0]
    made = controller("curves", (ERROR, PARAMS), first_epochs=2, reduction=2, min_curves=8)
    end = Trainings(made, curves_of(levels), params).run()
    assert (end.ended[8].state, end.ended[9].state) == ("stopped", "done")
    assert "enter the front" in end.ended[8].reason


@pytest.mark.parametrize("method", ["halving", "asha", "median", "curves"])
def test_half_and_the_rest_equal_the_whole(method):
    """A restored controller decides as one that was never interrupted."""
    settings = {"first_epochs": 1, "reduction": 2, "min_curves": 6}
    curves = [*map(falling, [*range(1, 8), 40, 3, 50, 0])]
    whole = Trainings(controller(method, **settings), curves).run()
    parts = Trainings(controller(method, **settings), curves)
    train = parts.train

    def interrupted(number, until):
        state = json.loads(json.dumps(parts.made.state_dict()))
        parts.made = controller(method, **settings)
        parts.made.load_state_dict(state)
        train(number, until)

    parts.train = interrupted
    parts.run()
    assert (parts.parts, parts.ended, parts.told) == (whole.parts, whole.ended, whole.told)


def test_a_part_ends_once():
    made = controller("asha")
    until = made.propose(0)
    made.take(part(0, CURVES[0], until))
    with pytest.raises(EngineError, match="no part of candidate 0 is running"):
        made.take(part(0, CURVES[0], until))


def test_a_failure_ends_the_candidate_and_is_told_once():
    made = controller("asha", reduction=2)
    for number in (0, 1):
        made.take(part(number, CURVES[number], made.propose(number)))
    assert made.next_part(closing=False) == (1, 2)
    ending = made.take(Outcome(1, "failed", reason="out of memory"))
    assert ending.told is None and ending.ended.state == "failed"


def test_a_search_that_ends_stops_what_has_paused():
    made = controller("asha")
    made.take(part(0, CURVES[0], made.propose(0)))
    (stopped,) = made.stop_all("the run was stopped")
    assert (stopped.state, stopped.reason) == ("stopped", "the run was stopped")
    assert made.stop_all("again") == []

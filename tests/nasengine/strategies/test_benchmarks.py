"""The bounds that searches on tables have to keep, on the published one where it is there."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.methods import METHODS
from benchmarks.nb201.specs import QUESTIONS, THREE, World
from nasengine.catalog import load, names
from tests.fixtures.tables import write_table
from tests.real_data import real_data

ONE, THREE_GOALS = QUESTIONS[0], QUESTIONS[3]
SMALL = {"population": 10, "sample": 3}
# Faster than the defaults, and as good on this table.
QUICK = {"dpp-net": {"epochs": 25}}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


def ends(path, problem, method, seeds, candidates=500, **settings):
    """Return the final values of searches with several seeds."""
    world = problem.world(path)
    settings = {**QUICK.get(method, {}), **settings}
    return [
        problem.curve(problem.spec(path, method, settings, seed, candidates), world)[-1]
        for seed in range(seeds)
    ]


def test_every_strategy_that_can_search_a_table_is_measured():
    trains = {
        name for name in names("strategies") if "supernet" in load("strategies", name).requires
    }
    assert set(METHODS) == set(names("strategies")) - trains


@pytest.mark.parametrize("method", [name for name in METHODS if name != "random"])
def test_on_a_made_table_every_method_beats_chance(made, method):
    few = {"candidates": 200}
    random, learned = (np.mean(ends(made, ONE, name, 3, **few)) for name in ("random", method))
    assert learned > random
    if method != "monas":  # one reward, one direction
        chance, found = (np.mean(ends(made, THREE_GOALS, m, 2, **few)) for m in ("random", method))
        assert found < chance


def test_one_objective_finds_the_best_cells_of_nb201():
    table = real_data("nb201_table.csv.gz")
    if table is None:
        return  # the made table has shown that it searches
    assert np.mean(ends(table, ONE, "regularised-evolution", 20, **SMALL)) >= 94.25
    assert 93.9 <= np.mean(ends(table, ONE, "random", 20)) <= 94.2


def test_three_objectives_close_half_of_the_gap_on_nb201():
    table = real_data("nb201_table.csv.gz")
    if table is None:
        return
    assert World.of(table, "cifar100", THREE).front_size == 75
    random = np.mean(ends(table, THREE_GOALS, "random", 5))
    assert 1.0 < random < 1.7
    assert np.mean(ends(table, THREE_GOALS, "regularised-evolution", 5)) <= random / 2
    assert np.mean(ends(table, THREE_GOALS, "nsga2", 5)) <= 0.6
    assert np.mean(ends(table, THREE_GOALS, "dpp-net", 2)) <= 0.3


def test_the_gap_of_everything_is_nothing(made):
    world = World.of(made, "cifar100", THREE)
    assert world.front_size > 3
    curve = THREE_GOALS.curve(THREE_GOALS.spec(made, "random", {}, 0, 50), world)
    assert curve == sorted(curve, reverse=True)
    assert 0 < curve[-1] < 100
    assert world.gap(np.vstack([world.low, world.high])) <= 0

"""The bounds that searches on tables have to keep, on the published one if it is there.

Few seeds; `benchmarks/methods.py` measures 20 of every method.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.methods import METHODS, about_seeds, middle, until
from benchmarks.nb201.specs import QUESTIONS, THREE, World
from nasengine.catalog import load, names
from nasengine.core.search_spec import SearchSpec
from nasengine.estimators.tables.cells import cells_of
from nasengine.estimators.tables.packaged import packaged_table
from nasengine.execution import assembly, loop
from tests.fixtures.tables import write_table
from tests.real_data import real_data

ONE, THREE_GOALS = QUESTIONS[0], QUESTIONS[3]
DIGITS = packaged_table("digits-nb201")
DIGITS_GOALS = ("error", "params", "latency@cpu")
SMALL = {"population": 10, "sample": 3}
# As few predictions and fits as still show that the method learns.
QUICK = {
    "bayesian": {"warm_up": 120, "sampled": 1, "pool": 30, "children": 30, "memory": 40},
    "tpe": {"warm_up": 60, "drafts": 4, "joint": "yes", "tries": 2},
    "qlognehvi": {"warm_up": 180, "samples": 2, "pool": 20, "children": 40, "memory": 30},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


def ends(path, problem, method, seeds, candidates=500, **settings):
    """Return the final values of searches with several seeds."""
    world = problem.world(path)
    return [
        problem.curve(
            problem.values(problem.spec(path, method, settings, seed, candidates)), world
        )[-1]
        for seed in range(seeds)
    ]


def test_every_strategy_that_can_search_a_table_is_measured():
    trains = {
        name for name in names("strategies") if "supernet" in load("strategies", name).requires
    }
    assert set(METHODS) == set(names("strategies")) - trains


@pytest.fixture(scope="module")
def chance(made):
    """The means of random search with one and with three objectives."""
    return [
        np.mean(ends(made, ONE, "random", 3, 200)),
        np.mean(ends(made, THREE_GOALS, "random", 2, 200)),
    ]


@pytest.mark.parametrize("method", [name for name in METHODS if name != "random"])
def test_on_a_made_table_every_method_beats_chance(made, chance, method):
    settings = QUICK.get(method, {})
    assert np.mean(ends(made, ONE, method, 3, 200, **settings)) > chance[0]
    if method != "monas":  # one reward, one direction
        assert np.mean(ends(made, THREE_GOALS, method, 2, 200, **settings)) < chance[1]


def digits_ends(objectives, method, seeds, candidates=300, **settings):
    """The final errors, or gaps in percent, of several searches on `digits-nb201`."""
    cells = cells_of(DIGITS.name, (DIGITS.architecture,), ("error_5", "params", "latency_ms"))
    world = World.of_points(cells.numbers[:, : len(objectives)])
    found = []
    for seed in range(seeds):
        spec = SearchSpec(
            **DIGITS.search_settings(),
            objectives=objectives,
            strategy=method,
            strategy_config=settings,
            candidates=candidates,
            seed=seed,
        )
        done = loop.run(assembly.check(spec)).candidates
        values = [[one.outcome.values[name] for name in objectives] for one in done]
        points = np.array(values)
        found.append(points.min() if len(objectives) == 1 else world.gap(points))
    return found


def test_one_objective_finds_the_best_cells():
    random = np.mean(digits_ends(("error",), "random", 8))
    evolved = np.mean(digits_ends(("error",), "regularised-evolution", 8, **SMALL))
    assert 5.6 <= random <= 6.1
    assert evolved <= 5.5  # the best of the table has 5.22
    table = real_data("nb201_table.csv.gz")
    if table is not None:
        assert np.mean(ends(table, ONE, "regularised-evolution", 5, **SMALL)) >= 94.25
        assert 93.9 <= np.mean(ends(table, ONE, "random", 5)) <= 94.2


def test_three_objectives_close_half_of_the_gap():
    random = np.mean(digits_ends(DIGITS_GOALS, "random", 4))
    evolved = np.mean(digits_ends(DIGITS_GOALS, "regularised-evolution", 4))
    sorting = np.mean(digits_ends(DIGITS_GOALS, "nsga2", 3))
    surrogate = np.mean(digits_ends(DIGITS_GOALS, "dpp-net", 1))
    assert 0.8 < random < 1.4
    assert evolved <= random / 2
    assert sorting <= 0.4
    assert surrogate <= 0.4
    table = real_data("nb201_table.csv.gz")
    if table is not None:
        assert World.of(table, "cifar100", THREE).front_size == 75
        random = np.mean(ends(table, THREE_GOALS, "random", 3))
        assert 1.0 < random < 1.7
        assert np.mean(ends(table, THREE_GOALS, "regularised-evolution", 3)) <= random / 2
        assert np.mean(ends(table, THREE_GOALS, "nsga2", 5)) <= 0.6
        assert np.mean(ends(table, THREE_GOALS, "dpp-net", 1)) <= 0.3


def test_the_median_number_of_candidates_until_the_best_cell_is_found():
    assert until([3.0, 2.0, 5.0, 2.0], 2.0) == 2
    assert until([3.0, 2.0], 1.0) == np.inf
    assert middle(np.array([7.0, 40.0, np.inf]), 500) == "40"
    assert middle(np.array([7.0, np.inf, np.inf]), 500) == "> 500"


def test_a_table_says_which_of_its_seeds_were_used_for_tuning():
    assert about_seeds(range(100, 120)) == "Seeds 100 to 119; none of them was used for tuning."
    assert about_seeds(range(30, 50)) == "Seeds 30 to 49; 10 of them were tuned on."


def test_the_lowest_error_of_a_problem_is_that_of_its_table(made):
    spec = ONE.spec(made, "random", {}, 0, 50)
    assert 0 < ONE.lowest_error(made) <= min(row["error"] for row in ONE.values(spec))
    assert THREE_GOALS.lowest_error(made) is None
    table = real_data("nb201_table.csv.gz")
    if table is not None:
        assert ONE.lowest_error(table) == pytest.approx(100 - 91.61, abs=0.01)


def test_the_gap_of_everything_is_nothing(made):
    world = World.of(made, "cifar100", THREE)
    assert world.front_size > 3
    curve = THREE_GOALS.curve(
        THREE_GOALS.values(THREE_GOALS.spec(made, "random", {}, 0, 50)), world
    )
    assert curve == sorted(curve, reverse=True)
    assert 0 < curve[-1] < 100
    assert world.gap(np.vstack([world.low, world.high])) <= 0

"""The bounds that searches on tables have to keep, on the published one where it is there."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tables import World, accuracies, gaps
from tests.real_data import real_data

from ..estimators.tables.making import write_table

SMALL = "evolution, 10 and 3"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


def test_on_a_made_table_evolution_beats_chance(made):
    world = World.of(made)
    random, evolved = (np.mean(gaps(made, world, method, 2)) for method in ("random", SMALL))
    assert evolved < random
    found = {method: np.mean(accuracies(made, method, 2)) for method in ("random", SMALL)}
    assert found[SMALL] > found["random"]


def test_one_objective_finds_the_best_cells_of_nb201():
    table = real_data("nb201_table.csv.gz")
    if table is None:
        return  # the made table has shown that it searches
    assert np.mean(accuracies(table, SMALL, 20)) >= 94.25
    assert 93.9 <= np.mean(accuracies(table, "random", 20)) <= 94.2


def test_three_objectives_close_half_of_the_gap_on_nb201():
    table = real_data("nb201_table.csv.gz")
    if table is None:
        return
    world = World.of(table)
    assert world.front_size == 75
    random = np.mean(gaps(table, world, "random", 5))
    assert 1.0 < random < 1.7
    for method in (SMALL, "evolution, defaults"):
        assert np.mean(gaps(table, world, method, 5)) <= random / 2

"""Strategy `topology-evolution`: minimal starts, elitism, learned training settings."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch

from nasengine.strategies.topology_evolution.learned_training import LearnedTraining, Range
from tests.fixtures.pareto_reference import survivors
from tests.fixtures.search_steps import (
    ONE,
    TWO,
    distance,
    done,
    make_space,
    make_strategy,
    point,
    search,
)

NAME = "topology-evolution"
WIDE = LearnedTraining(Range(1e-9, 1e9), Range(1, 1e9), 0.1)


def training(proposal):
    return proposal.note["training"]


@pytest.mark.parametrize("seed", range(3))
def test_it_begins_with_every_smallest_graph_and_then_their_mutants(seed):
    space = make_space("topology")
    strategy = make_strategy(NAME, ONE, space, seed=seed, population=10)
    smallest = list(space.smallest())
    rng = np.random.default_rng(seed)
    proposals = search(strategy, lambda proposal: {"error": rng.random()}, 10)
    first = proposals[: len(smallest)]
    assert [proposal.architecture for proposal in first] == smallest
    assert {proposal.origin for proposal in first} == {"minimal"}
    for proposal in proposals[len(smallest) :]:
        assert proposal.origin == "mutation"
        assert 0 <= proposal.parents[0] < proposal.number


def test_with_minimal_off_it_begins_with_random_graphs():
    strategy = make_strategy(NAME, ONE, make_space("topology"), population=10, minimal=False)
    assert {strategy.ask().origin for _ in range(10)} == {"random"}


@pytest.mark.parametrize("seed", range(3))
def test_graphs_grow_if_size_pays_and_stay_small_if_it_costs(seed):
    def late_size(sign):
        strategy = make_strategy(NAME, ONE, make_space("topology"), seed=seed, population=8)
        proposals = search(
            strategy, lambda p: {"error": sign * len(p.architecture.genome["nodes"])}, 120
        )
        return np.mean([len(p.architecture.genome["nodes"]) for p in proposals[80:]])

    assert late_size(-1) > 6
    assert late_size(1) < 3


@pytest.mark.parametrize("seed", range(4))
def test_the_population_is_the_survivors_after_every_child(seed):
    strategy = make_strategy(NAME, TWO, make_space("topology"), seed=seed, population=8)
    rng = np.random.default_rng(seed)
    points, members = {}, []
    for number in range(60):
        points[number] = rng.random(2).tolist()
        strategy.tell(done(strategy.ask().number, point(TWO, points[number])))
        members.append(number)
        rows = [points[member] for member in members]
        members = [members[i] for i in survivors(rows, [0.0] * len(rows), 8)]
        assert strategy.view()["members"] == members


@pytest.mark.parametrize("breeding", [0.0, 0.5, 1.0])
def test_the_share_of_bred_children_is_the_setting(breeding):
    config = {"population": 10, "sample": 1, "breeding": breeding, "tries": 1}
    strategy = make_strategy(NAME, ONE, make_space("nb201"), **config)
    search(strategy, lambda proposal: {"error": proposal.number}, 10)
    origins = Counter(strategy.ask().origin for _ in range(1000))
    # Two draws from ten members are the same one in ten times, which leaves a mutation.
    assert origins["breeding"] / 1000 == pytest.approx(0.9 * breeding, abs=0.05)
    assert origins["breeding"] + origins["mutation"] == 1000


@pytest.mark.parametrize("seed", range(3))
def test_parents_are_tournament_winners(seed):
    config = {"population": 10, "sample": 3, "breeding": 0.0, "tries": 1}
    strategy = make_strategy(NAME, ONE, make_space("nb201"), seed=seed, **config)
    errors = np.random.default_rng(seed).permutation(10)
    search(strategy, lambda proposal: {"error": errors[proposal.number]}, 10)
    wins = Counter(strategy.ask().parents[0] for _ in range(1000))
    for number, rank in enumerate(errors):
        probability = ((10 - rank) / 10) ** 3 - ((9 - rank) / 10) ** 3
        deviation = (probability * (1 - probability) / 1000) ** 0.5
        assert wins[number] / 1000 == pytest.approx(probability, abs=4.5 * deviation)


@pytest.mark.parametrize("seed", range(3))
def test_a_grown_child_computes_what_its_parent_computes(seed):
    """A child that gained a convolution inherits weights that preserve the parent's function."""
    space = make_space("topology", channels=4, nodes=8)
    strategy = make_strategy(NAME, ONE, space, seed=seed, population=6, breeding=0.0)
    rng = np.random.default_rng(seed)
    proposals = search(strategy, lambda proposal: {"error": rng.random()}, 40)
    images = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    compared = 0
    for child in proposals:
        if not child.parents:
            continue
        parent = proposals[child.parents[0]]
        if child.architecture not in set(space.grow(parent.architecture)):
            continue
        before = space.build(parent.architecture, (1, 8, 8), 3).eval()
        after = space.build(child.architecture, (1, 8, 8), 3).eval()
        space.inherit(child.architecture, after, parent.architecture, before.state_dict())
        with torch.no_grad():
            assert torch.allclose(before(images), after(images), atol=1e-5)
        compared += 1
        if compared == 5:
            break
    assert compared == 5


@pytest.mark.parametrize("seed", range(3))
def test_training_settings_of_new_individuals_fill_their_ranges_evenly(seed):
    learned = LearnedTraining(Range(0.01, 0.2), Range(32, 128), 0.25)
    rng = np.random.default_rng(seed)
    notes = [learned.sample(rng) for _ in range(2000)]
    rates = np.array([note["learning_rate"] for note in notes])
    batches = np.array([note["batch_size"] for note in notes])
    assert rates.min() >= 0.01
    assert rates.max() <= 0.2
    assert batches.min() >= 32
    assert batches.max() <= 128
    # Uniform on a logarithmic scale: a third of the range holds a third of the draws.
    for values, low, high in ((rates, 0.01, 0.2), (batches, 32, 128)):
        places = np.log(values / low) / math.log(high / low)
        shares = np.histogram(places, bins=3, range=(0, 1))[0] / 2000
        assert shares == pytest.approx([1 / 3] * 3, abs=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_learned_settings_have_mean_and_spread_of_the_fittest(seed):
    rng = np.random.default_rng(seed)
    fittest = [{"learning_rate": rate, "batch_size": 40} for rate in (0.01, 0.04, 0.16)]
    notes = [WIDE.learned(fittest, rng) for _ in range(3000)]
    logs = np.log([note["learning_rate"] for note in notes])
    assert logs.mean() == pytest.approx(math.log(0.04), abs=0.08)
    assert logs.std() == pytest.approx(np.log([0.01, 0.04, 0.16]).std(), rel=0.05)
    # Equal values have no spread of their own: the minimum spread is used.
    logs = np.log([note["batch_size"] for note in notes])
    assert logs.mean() == pytest.approx(math.log(40), abs=0.02)
    assert logs.std() == pytest.approx(0.1, rel=0.1)


def test_learned_settings_stay_within_their_ranges():
    learned = LearnedTraining(Range(0.01, 0.2), Range(32, 128), 2.0)
    rng = np.random.default_rng(0)
    for _ in range(500):
        note = learned.learned([{"learning_rate": 0.2, "batch_size": 32}], rng)
        assert 0.01 <= note["learning_rate"] <= 0.2
        assert 32 <= note["batch_size"] <= 128


@pytest.mark.parametrize("seed", range(3))
def test_a_search_learns_the_learning_rate_that_pays(seed):
    strategy = make_strategy(NAME, ONE, make_space("topology"), seed=seed, population=10)
    best = math.log(0.12)

    def error(proposal):
        return {"error": abs(math.log(training(proposal)["learning_rate"]) - best)}

    proposals = search(strategy, error, 120)
    early, late = (
        [abs(math.log(training(p)["learning_rate"]) - best) for p in part]
        for part in (proposals[:10], proposals[80:])
    )
    assert np.mean(late) < 0.35 < np.mean(early)
    # The minimum spread keeps it searching around the best value.
    assert np.std(late) > 0.05
    assert strategy.view()["points"][-1] == {"number": 119, **training(proposals[-1])}


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_only_the_fittest_share_teaches(share):
    config = {"population": 10, "fittest": share, "stray": 0.0, "most_batch": 32}
    strategy = make_strategy(NAME, ONE, make_space("topology"), **config)
    proposals = search(strategy, lambda proposal: {"error": -proposal.number}, 10)
    rates = [training(proposal)["learning_rate"] for proposal in proposals]
    drawn = [training(strategy.ask())["learning_rate"] for _ in range(200)]
    logs = np.log(rates[9:] if share == 0.1 else rates)
    assert np.mean(np.log(drawn)) == pytest.approx(logs.mean(), abs=0.12)
    if share == 0.1:
        assert set(drawn) == {rates[9]}  # one teacher, no spread
    else:
        assert np.std(np.log(drawn)) > 0.5 * logs.std()


def test_without_learning_the_note_is_empty():
    strategy = make_strategy(NAME, ONE, make_space("topology"), learn=False, population=4)
    assert all(p.note == {} for p in search(strategy, lambda p: {"error": p.number}, 12))


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_a_planted_optimum(seed):
    space = make_space("nb201")
    target = space.sample(np.random.default_rng(seed + 30)).genome
    strategy = make_strategy(NAME, ONE, space, seed=seed, population=15)
    proposals = search(strategy, lambda p: {"error": distance(p.architecture.genome, target)}, 250)
    assert min(distance(p.architecture.genome, target) for p in proposals) == 0

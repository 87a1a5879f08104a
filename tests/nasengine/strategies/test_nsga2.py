"""Strategy `nsga2`: tournaments and elitist survival, against the definitions of the paper."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nasengine.core.objective import Constraint
from tests.fixtures.pareto_reference import crowding_distances, dominates, fronts, survivors
from tests.fixtures.search_steps import (
    THREE,
    TWO,
    distance,
    done,
    make_space,
    make_strategy,
    operations_of,
    point,
    search,
)


def members(strategy):
    return strategy.view()["members"]


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_each_generation_keeps_the_survivors_of_parents_and_children(seed, constrained):
    constraints = (Constraint("params", "<", 0.5),) if constrained else ()
    strategy = make_strategy("nsga2", THREE, seed=seed, constraints=constraints, population=12)
    rng = np.random.default_rng(seed)
    points: dict[int, list[float]] = {}
    population: list[int] = []
    for generation in range(6):
        children = []
        while len(children) < 12:
            proposal = strategy.ask()
            points[proposal.number] = rng.random(3).tolist()
            children.append(proposal.number)
            assert members(strategy) == population  # it changes only between generations
            strategy.tell(done(proposal.number, point(THREE, points[proposal.number])))
        both = population + children
        rows = [points[number] for number in both]
        excess = [max(0.0, (row[1] - 0.5) / 0.5) if constrained else 0.0 for row in rows]
        population = [both[i] for i in survivors(rows, excess, 12)]
        assert members(strategy) == population
        assert strategy.view()["generation"] == generation + 1


@pytest.mark.parametrize("seed", range(4))
def test_the_front_of_everything_measured_is_never_lost(seed):
    strategy = make_strategy("nsga2", TWO, seed=seed, population=20)
    rng = np.random.default_rng(seed)
    # Points near the diagonal, so that their front is smaller than the population.
    points = rng.random((200, 1)) + rng.normal(0, 0.1, size=(200, 2))
    search(strategy, lambda proposal: point(TWO, points[proposal.number]), 200)
    front = [i for i, p in enumerate(points) if not any(dominates(q, p) for q in points)]
    assert len(front) <= 20
    assert set(front) <= set(members(strategy))


@pytest.mark.parametrize("seed", range(3))
def test_parents_win_binary_tournaments_by_rank_then_crowding(seed):
    strategy = make_strategy("nsga2", TWO, seed=seed, population=10, crossover=0.0, tries=1)
    points = np.random.default_rng(seed).random((10, 2)).tolist()
    search(strategy, lambda proposal: point(TWO, points[proposal.number]), 10)
    keys = [(0, 0.0)] * 10
    for rank, front in enumerate(fronts(points, [0.0] * 10)):
        distances = crowding_distances([points[i] for i in front])
        for i, crowding in zip(front, distances, strict=True):
            keys[i] = (rank, -crowding)
    assert len({rank for rank, _ in keys}) > 1
    asked = 3000
    wins = Counter(strategy.ask().parents for _ in range(asked))
    for i, key in enumerate(keys):
        # It wins the pair of draws with itself, both orders with everything worse, and one order
        # with each of its equals, among 100 ordered pairs.
        worse = sum(other > key for other in keys)
        equals = sum(other == key for other in keys) - 1
        probability = (1 + 2 * worse + equals) / 100
        deviation = (probability * (1 - probability) / asked) ** 0.5
        assert wins[(i,)] / asked == pytest.approx(probability, abs=4.5 * deviation)


@pytest.mark.parametrize("seed", range(3))
def test_a_crossover_takes_every_operation_from_one_of_its_parents(seed):
    strategy = make_strategy("nsga2", THREE, seed=seed, crossover=1.0, mutation=0.0)
    points = np.random.default_rng(seed).random((20, 3))
    first = search(strategy, lambda proposal: point(THREE, points[proposal.number]), 20)
    genomes = [operations_of(proposal.architecture.genome) for proposal in first]
    crossed = [p for p in (strategy.ask() for _ in range(100)) if p.origin == "crossover"]
    assert len(crossed) > 60
    pure = 0
    for child in crossed:
        one, other = (genomes[number] for number in child.parents)
        genes = zip(operations_of(child.architecture.genome), one, other, strict=True)
        pure += all(gene in parental for gene, *parental in genes)
    # Only a crossover that has been proposed before is mutated.
    assert pure > 0.8 * len(crossed)


@pytest.mark.parametrize("mutation", [0.0, 1.0])
def test_mutation_changes_one_operation_of_a_crossover(mutation):
    strategy = make_strategy("nsga2", THREE, crossover=1.0, mutation=mutation, tries=1)
    points = np.random.default_rng(5).random((20, 3))
    first = search(strategy, lambda proposal: point(THREE, points[proposal.number]), 20)
    genomes = [operations_of(proposal.architecture.genome) for proposal in first]
    new_genes = []
    for child in (strategy.ask() for _ in range(300)):
        if child.origin == "crossover":
            one, other = (genomes[number] for number in child.parents)
            genes = zip(operations_of(child.architecture.genome), one, other, strict=True)
            new_genes.append(sum(gene not in parental for gene, *parental in genes))
    assert max(new_genes) <= 1
    # A mutation draws one of four other operations, of which some are the other parent's.
    if mutation:
        assert np.mean(new_genes) > 0.6
    else:
        assert np.mean(new_genes) < 0.4


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_the_share_of_crossovers_is_the_setting(probability):
    strategy = make_strategy("nsga2", TWO, population=10, crossover=probability, tries=1)
    search(strategy, lambda proposal: point(TWO, [proposal.number] * 2), 10)
    asked = [strategy.ask() for _ in range(1500)]
    # Both tournaments may have the same winner, which makes a mutation. The members are in one
    # order, so the member of rank r wins with probability (19 - 2r) / 100.
    same = sum(((19 - 2 * rank) / 100) ** 2 for rank in range(10))
    crossed = sum(proposal.origin == "crossover" for proposal in asked) / len(asked)
    assert crossed == pytest.approx(probability * (1 - same), abs=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_it_approaches_a_planted_front(seed):
    """The objectives are the distances to two targets, so the front is between the targets."""
    rng = np.random.default_rng(100 + seed)
    targets = [make_space("nb201").sample(rng).genome for _ in range(2)]

    def values(proposal):
        return point(TWO, [distance(proposal.architecture.genome, target) for target in targets])

    def late_mean(name):
        proposals = search(make_strategy(name, TWO, seed=seed), values, 300)
        return np.mean([sum(values(proposal).values()) for proposal in proposals[200:]])

    assert late_mean("nsga2") < 0.8 * late_mean("random")

"""Strategy `regularised-evolution`: tournaments, survival, and better results than random."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.core.architecture import Architecture
from nasengine.core.errors import InvalidSettings
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Constraint
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.settings import from_mapping
from nasengine.pareto import hypervolume
from nasengine.strategies.common.population import Population
from nasengine.strategies.common.seen import SeenArchitectures
from nasengine.strategies.regularised_evolution import EvolutionConfig
from tests.fixtures.outcomes import ERROR, PARAMS, WORLDS, World, proposals

NAME = "regularised-evolution"


def done(number, error):
    return Outcome(number, "done", (Measurement("error", float(error), "%"),))


def ended(number, **values):
    measurements = tuple(Measurement(name, value, "") for name, value in values.items())
    return Proposal(number, Architecture("toy", {}, [])), Outcome(number, "done", measurements)


def members(strategy):
    return strategy.view()["members"]


def test_random_until_full_then_the_oldest_member_leaves_even_if_it_is_the_best():
    strategy = World().strategy(NAME, population=4, sample=4)
    for number in range(4):
        proposal = strategy.ask()
        assert (proposal.origin, proposal.parents) == ("random", ())
        strategy.tell(done(number, number))  # number 0 is the best
    assert members(strategy) == [0, 1, 2, 3]
    proposal = strategy.ask()
    assert proposal.origin == "mutation"
    strategy.tell(done(proposal.number, 99))
    assert members(strategy) == [1, 2, 3, 4]


def test_with_nsga2_survival_the_worst_member_leaves_even_if_it_is_the_youngest():
    strategy = World().strategy(NAME, population=4, sample=2, survival="nsga2")
    for number in range(4):
        strategy.tell(done(strategy.ask().number, number))
    strategy.tell(done(strategy.ask().number, 99))
    assert members(strategy) == [0, 1, 2, 3]
    strategy.tell(done(strategy.ask().number, -1))
    assert members(strategy) == [0, 1, 2, 5]


def test_automatic_survival_depends_on_objectives_and_constraints():
    for world, survival in (("one", "age"), ("three", "nsga2"), ("bound", "nsga2")):
        assert WORLDS[world].strategy(NAME).view()["survival"] == survival
    assert WORLDS["three"].strategy(NAME, survival="age").view()["survival"] == "age"


def test_the_best_member_wins_every_tournament_it_is_drawn_into():
    strategy = World().strategy(NAME, population=6, sample=6)
    errors = [5, 3, 1, 2, 4, 6]
    for error in errors:
        strategy.tell(done(strategy.ask().number, error))
    winners = [strategy.ask().parents[0] for _ in range(300)]
    share = winners.count(2) / 300
    assert share == pytest.approx(1 - (5 / 6) ** 6, abs=0.08)  # drawn with replacement
    assert winners.count(2) > winners.count(3) > winners.count(5)


def test_children_differ_from_their_parent_in_one_edge_unless_that_child_was_seen():
    strategy = World().strategy(NAME, population=5, sample=2)
    asked = proposals(strategy, World(), 60)
    by_number = {p.number: p.architecture.genome for p in asked}
    near = 0
    for proposal in asked[5:]:
        parent = by_number[proposal.parents[0]].split("|")
        child = proposal.architecture.genome.split("|")
        near += sum(a != b for a, b in zip(parent, child, strict=True)) == 1
    assert near > 45


def test_no_architecture_is_proposed_twice_while_there_are_unseen_ones():
    for name in (NAME, "random"):
        asked = proposals(World().strategy(name), World(), 1500)
        assert len({p.architecture for p in asked}) == 1500
    duplicates = proposals(World().strategy(NAME, population=5, sample=5, tries=1), World(), 500)
    assert len({p.architecture for p in duplicates}) < 500


def test_a_crossover_has_two_parents_and_operations_of_both():
    strategy = World().strategy(NAME, population=20, sample=2, crossover=1.0)
    asked = proposals(strategy, World(), 120)
    by_number = {p.number: p.architecture.genome.split("|") for p in asked}
    crossed = [p for p in asked if p.origin == "crossover"]
    assert len(crossed) > 80
    pure = 0
    for child in crossed:
        first, second = (by_number[n] for n in child.parents)
        genes = zip(by_number[child.number], first, second, strict=True)
        pure += all(gene in (a, b) for gene, a, b in genes)
    assert pure > len(crossed) // 2


def test_candidates_that_ended_badly_never_become_parents():
    strategy = World().strategy(NAME, population=4, sample=4)
    bad = set()
    for number in range(80):
        proposal = strategy.ask()
        assert not bad & set(proposal.parents)
        if number % 3:
            bad.add(number)
            strategy.tell(
                Outcome(
                    number,
                    "pruned",
                    (Measurement("error", 0.0, "%"),),
                    "too large",
                )
            )
        else:
            strategy.tell(done(number, 50))


def test_it_finds_a_larger_hypervolume_than_random_search():
    for world in ("one", "three"):
        found = {}
        for name in (NAME, "random"):
            volumes = []
            for seed in range(3):
                strategy = WORLDS[world].strategy(name, seed=seed)
                asked = proposals(strategy, WORLDS[world], 200)
                values = [list(WORLDS[world].ending(p).values.values()) for p in asked]
                reference = np.array([100.0, 1e6, 60.0][: len(values[0])])
                points = np.array(values) / reference
                volumes.append(hypervolume(points, np.ones(len(reference))))
            found[name] = np.mean(volumes)
        assert found[NAME] > found["random"]


def test_the_smallest_violation_wins_until_a_member_is_feasible():
    population = Population((ERROR, PARAMS), (Constraint("params", "<", 100.0),))
    for number, (error, params) in enumerate([(1, 300), (9, 200), (5, 99), (4, 400)]):
        assert population.join(*ended(number, error=error, params=params))
    assert population.best_of(np.array([0, 1, 3])) == 1
    assert population.best_of(np.array([0, 1, 2, 3])) == 2
    population.keep_fittest(2)
    assert [member.number for member in population.members] == [1, 2]
    assert not population.join(*ended(9, error=1.0))


def test_a_sample_larger_than_the_population_is_refused():
    with pytest.raises(InvalidSettings) as caught:
        from_mapping(EvolutionConfig, {"population": "3", "sample": "4"}, "strategy_config.")
    assert list(caught.value.errors) == ["strategy_config.sample"]


def test_seen_architectures_are_restored_from_their_text():
    asked = proposals(World().strategy("random"), World(), 50)
    seen = SeenArchitectures()
    for proposal in asked[:25]:
        seen.add(proposal.architecture)
    again = SeenArchitectures.from_text(seen.to_text())
    assert [p.architecture in again for p in asked] == [True] * 25 + [False] * 25
    assert len(again) == 25
    assert again.to_text() == seen.to_text()
    assert len(seen.to_text()) == 25 * 8

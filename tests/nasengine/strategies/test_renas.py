"""Strategy `renas`: tournaments, gains, and a controller that learns which mutations pay."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nasengine.core.objective import Constraint
from nasengine.strategies.common.learning.adam import Adam
from nasengine.strategies.renas.controller import MutationController
from tests.fixtures.search_steps import (
    ONE,
    TWO,
    distance,
    done,
    make_space,
    make_strategy,
    operations_of,
    point,
    search,
)

SPACE = make_space("nb201")
SMALL = {"population": 10, "sample": 3, "hidden": 4, "embedding": 4}


def controller(seed, every_block=False):
    return MutationController(
        np.random.default_rng(seed),
        SPACE.decisions(),
        hidden=8,
        embedding=4,
        rate=0.05,
        every_block=every_block,
    )


def train(learner, advantage_of, choices, steps, seed):
    """Draw mutations of one parent and reinforce each by its advantage."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        changes = next(learner.proposals(rng, choices, SPACE.allowed, 1.1))
        _, gradients = learner.gradients(choices, changes, SPACE.allowed, advantage_of(changes), 0)
        learner.adam.step(gradients)


@pytest.mark.parametrize("seed", range(4))
def test_the_router_learns_the_decision_whose_mutations_are_rewarded(seed):
    learner = controller(seed)
    choices = SPACE.choices(SPACE.sample(np.random.default_rng(seed)))
    rewarded = seed % 6
    before = learner.router_probabilities(choices, SPACE.allowed)
    assert sum(before) == pytest.approx(1)
    assert max(before) < 0.3  # about uniform over the six edges
    train(learner, lambda c: 1.0 if c[0].decision == rewarded else -0.2, choices, 150, seed)
    after = learner.router_probabilities(choices, SPACE.allowed)
    assert after[rewarded] > 0.8


@pytest.mark.parametrize("seed", range(4))
def test_the_mutator_learns_the_option_that_is_rewarded(seed):
    learner = controller(seed)
    choices = [0] * 6
    rewarded = 1 + seed % 4
    train(learner, lambda c: 1.0 if c[0].option == rewarded else -0.3, choices, 200, seed)
    rng = np.random.default_rng(seed)
    drawn = Counter(
        next(learner.proposals(rng, choices, SPACE.allowed, 1.1))[0].option for _ in range(300)
    )
    assert drawn[rewarded] > 200
    assert drawn[0] == 0  # the present option is no mutation


def test_a_penalised_mutation_becomes_less_probable():
    learner = controller(9)
    choices = [2] * 6
    train(learner, lambda c: -1.0 if c[0].decision == 4 else 0.0, choices, 100, 9)
    probabilities = learner.router_probabilities(choices, SPACE.allowed)
    assert probabilities[4] < 0.05
    assert min(p for i, p in enumerate(probabilities) if i != 4) > 0.05


def test_one_decision_changes_in_every_block_if_the_setting_says_so():
    learner = controller(0, every_block=True)
    blocks = [decision.block for decision in SPACE.decisions()]
    rng = np.random.default_rng(0)
    for _ in range(50):
        choices = SPACE.choices(SPACE.sample(rng))
        changes = next(learner.proposals(rng, choices, SPACE.allowed, 1.1))
        assert [blocks[change.decision] for change in changes] == sorted(set(blocks))
        assert all(change.option != choices[change.decision] for change in changes)


@pytest.mark.parametrize("seed", range(3))
def test_a_child_differs_from_its_parent_in_the_recorded_change(seed):
    strategy = make_strategy("renas", ONE, SPACE, seed=seed, **SMALL)
    rng = np.random.default_rng(seed)
    proposals = search(strategy, lambda proposal: {"error": rng.random()}, 60)
    genomes = [operations_of(proposal.architecture.genome) for proposal in proposals]
    points = {row["number"]: row for row in strategy.view()["points"]}
    names = [decision.name for decision in SPACE.decisions()]
    for child in proposals[10:]:
        [parent] = child.parents
        pairs = zip(genomes[parent], genomes[child.number], strict=True)
        [edge] = [i for i, (old, new) in enumerate(pairs) if old != new]
        [change] = points[child.number]["changes"]
        name, option = change.split(": ")
        assert name == names[edge]
        assert genomes[child.number][edge].startswith(option)


@pytest.mark.parametrize("seed", range(3))
def test_the_parent_is_the_winner_of_a_tournament(seed):
    strategy = make_strategy("renas", ONE, SPACE, seed=seed, tries=1, **SMALL)
    errors = np.random.default_rng(seed).permutation(10)
    search(strategy, lambda proposal: {"error": errors[proposal.number]}, 10)
    asked = 600
    wins = Counter(strategy.ask().parents[0] for _ in range(asked))
    for number, rank in enumerate(errors):
        # The best of three draws has at least this rank, and not the next one.
        probability = ((10 - rank) / 10) ** 3 - ((9 - rank) / 10) ** 3
        deviation = (probability * (1 - probability) / asked) ** 0.5
        assert wins[number] / asked == pytest.approx(probability, abs=4.5 * deviation)


@pytest.mark.parametrize("survival", ["worst", "age"])
def test_a_child_replaces_the_worst_of_a_tournament_or_the_oldest(survival):
    config = {**SMALL, "sample": 10, "survival": survival}
    strategy = make_strategy("renas", ONE, SPACE, seed=1, **config)
    rng = np.random.default_rng(1)
    errors, ranks = [], []
    members = []
    for number in range(210):
        errors.append(rng.random())
        strategy.tell(done(strategy.ask().number, {"error": errors[-1]}))
        before, members = [*members, number], strategy.view()["members"]
        if number >= 10:
            [left] = set(before) - set(members)
            ranks.append(sorted(before, key=errors.__getitem__, reverse=True).index(left))
            if survival == "age":
                assert left == min(before)
    if survival == "worst":
        # Ten draws from eleven members miss the worst with probability (10 / 11) ** 10.
        assert ranks.count(0) / 200 == pytest.approx(1 - (10 / 11) ** 10, abs=0.15)
        assert np.mean(ranks) < 1.5


@pytest.mark.parametrize(
    "goals, constraints, oldest_leaves",
    [(ONE, (), True), (TWO, (), False), (ONE, (Constraint("error", "<", 2.0),), False)],
)
def test_automatic_survival_is_by_age_with_one_objective_and_no_constraint(
    goals, constraints, oldest_leaves
):
    config = {**SMALL, "sample": 10}
    strategy = make_strategy("renas", goals, SPACE, seed=1, constraints=constraints, **config)
    rng = np.random.default_rng(1)
    search(strategy, lambda proposal: point(goals, rng.random(len(goals))), 60)
    assert (strategy.view()["members"] == list(range(50, 60))) == oldest_leaves


@pytest.mark.parametrize("seed", range(3))
def test_the_gain_is_the_mean_improvement_in_standard_deviations(seed):
    strategy = make_strategy("renas", TWO, SPACE, seed=seed, survival="age", **{**SMALL})
    rng = np.random.default_rng(seed)
    values = rng.random((40, 2)) * (1, 1000)
    proposals = search(strategy, lambda proposal: point(TWO, values[proposal.number]), 40)
    gains = {row["number"]: row["gain"] for row in strategy.view()["points"]}
    assert sorted(gains) == list(range(10, 40))
    for child in range(10, 40):
        [parent] = proposals[child].parents
        deviation = values[child - 10 : child + 1].std(axis=0)  # ten members and the child
        expected = np.mean((values[parent] - values[child]) / deviation)
        assert gains[child] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_controller_of_a_search_prefers_the_edge_whose_mutations_gain(seed):
    config = {**SMALL, "learning_rate": 0.03, "tries": 1}  # five operations are soon all seen
    strategy = make_strategy("renas", ONE, SPACE, seed=seed, **config)
    edge = 1 + seed
    genomes, errors = [], []

    def error(proposal):
        genome = operations_of(proposal.architecture.genome)
        if proposal.parents:
            [parent] = proposal.parents
            errors.append(errors[parent] + (-1 if genome[edge] != genomes[parent][edge] else 1))
        else:
            errors.append(50.0)
        genomes.append(genome)
        return {"error": errors[-1]}

    search(strategy, error, 150)
    router = [row["chance"] for row in strategy.view()["router"]]
    assert router[edge] > 0.7


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_a_planted_optimum_that_random_search_misses(seed):
    target = SPACE.sample(np.random.default_rng(seed + 70)).genome

    def best_distance(name, candidates=200, **config):
        strategy = make_strategy(name, ONE, SPACE, seed=seed, **config)
        proposals = search(
            strategy, lambda p: {"error": distance(p.architecture.genome, target)}, candidates
        )
        return min(distance(p.architecture.genome, target) for p in proposals)

    assert best_distance("renas", survival="worst", **SMALL) == 0
    # Without a trap to leave, the survival by age takes longer.
    assert best_distance("renas", candidates=400, **SMALL) == 0
    assert best_distance("random") >= 1


def test_adam_takes_the_textbook_steps():
    arrays = {"x": np.array([1.0, -2.0]), "y": np.array([3.0])}
    adam = Adam(arrays, rate=0.1, clip=1e9)
    mean, square, x = np.zeros(3), np.zeros(3), np.array([1.0, -2.0, 3.0])
    rng = np.random.default_rng(0)
    for step in range(1, 30):
        gradient = rng.normal(size=3)
        adam.step({"x": gradient[:2], "y": gradient[2:]})
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        corrected = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        x = x - 0.1 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
        assert np.concatenate([arrays["x"], arrays["y"]]) == pytest.approx(x, rel=1e-6)

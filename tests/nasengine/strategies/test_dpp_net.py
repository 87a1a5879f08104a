"""Strategy `dpp-net`: stages that grow by one layer, a surrogate, and Pareto selection of K."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.core.objective import Constraint
from nasengine.strategies.common.population import Member
from nasengine.strategies.dpp_net import strategy as module
from nasengine.strategies.dpp_net.ranks import average_ranks, rank_correlation
from nasengine.strategies.dpp_net.selection import named_candidates
from nasengine.strategies.dpp_net.surrogate import Surrogate, TrainingExample
from tests.fixtures.outcomes import WORLDS
from tests.fixtures.pareto_reference import dominates, survivors
from tests.fixtures.search_steps import (
    ONE,
    THREE,
    TWO,
    distance,
    done,
    make_space,
    make_strategy,
    point,
    search,
)

NAME = "dpp-net"
QUICK = {"hidden": 4, "embedding": 3, "epochs": 2}
LEARNS = {"hidden": 16, "embedding": 8, "epochs": 25}


class RecordedSurrogate(Surrogate):
    """Remembers its training examples, what it predicted, and the predictions."""

    made: list[RecordedSurrogate] = []

    def __init__(self, examples, vocabulary, config, seed):
        super().__init__(examples, vocabulary, config, seed)
        self.examples, self.children, self.predictions = list(examples), [], None
        self.made.append(self)

    def predict(self, sequences):
        self.children = [tuple(sequence) for sequence in sequences]
        self.predictions = super().predict(sequences)
        return self.predictions


@pytest.fixture
def surrogates(monkeypatch):
    """Every surrogate that a search trains, in order."""
    monkeypatch.setattr(RecordedSurrogate, "made", [])
    monkeypatch.setattr(module, "Surrogate", RecordedSurrogate)
    return RecordedSurrogate.made


def by_stage(proposals):
    stages = {}
    for proposal in proposals:
        stages.setdefault(proposal.note["stage"], []).append(proposal)
    return [stages[stage] for stage in sorted(stages)]


@pytest.mark.parametrize("seed", range(3))
def test_each_stage_has_k_candidates_of_one_layer_more(seed):
    space = make_space("dense-cell", layers=6)
    strategy = make_strategy(NAME, TWO, space, seed=seed, keep=7, first=10, **QUICK)
    rng = np.random.default_rng(seed)
    proposals = search(strategy, lambda proposal: point(TWO, rng.random(2)), 10 + 5 * 7)
    first, *grown = by_stage(proposals)[:5]
    assert len(first) == 10
    assert {p.architecture for p in first} <= set(space.smallest())
    previous = {proposal.number: proposal for proposal in first}
    for depth, stage in enumerate(grown, start=3):
        assert len(stage) == 7
        for child in stage:
            assert child.origin == "growth"
            assert len(child.architecture.genome) == depth
            parent = previous[child.parents[0]]  # it was kept by the stage before
            assert child.architecture in set(space.grow(parent.architecture))
        previous = {proposal.number: proposal for proposal in stage}


@pytest.mark.parametrize("seed", range(3))
def test_at_the_depth_limit_the_neighbours_of_the_front_follow(seed):
    space = make_space("dense-cell", layers=3)
    strategy = make_strategy(NAME, THREE, space, seed=seed, keep=4, first=18, **QUICK)
    points = np.random.default_rng(seed).random((40, 3))
    proposals = search(strategy, lambda proposal: point(THREE, points[proposal.number]), 34)
    stages = by_stage(proposals)
    origins = [{proposal.origin for proposal in stage} for stage in stages]
    assert origins == [{"smallest"}, {"growth"}, {"mutation"}, {"mutation"}, {"mutation"}]
    for stage in stages[2:]:
        # Parents are on the front of everything measured before the stage was planned.
        told = range(stage[0].number)
        front = {i for i in told if not any(dominates(points[j], points[i]) for j in told)}
        assert len(stage) == 4
        for child in stage:
            parent = proposals[child.parents[0]]
            assert parent.number in front
            assert child.architecture in set(space.neighbours(parent.architecture))


@pytest.mark.parametrize("seed", range(3))
def test_the_surrogate_of_each_stage_is_trained_on_everything_measured(seed, surrogates):
    space = make_space("dense-cell", layers=8)
    strategy = make_strategy(NAME, TWO, space, seed=seed, keep=5, first=10, **QUICK)
    points = np.random.default_rng(seed).random((40, 2))
    proposals = search(strategy, lambda proposal: point(TWO, points[proposal.number]), 30)
    assert len(surrogates) == 4
    for stage, surrogate in enumerate(surrogates):
        measured = 10 + 5 * stage
        assert [example.point for example in surrogate.examples] == [
            tuple(row) for row in points[:measured].tolist()
        ]
        assert [example.tokens for example in surrogate.examples] == [
            space.tokens(p.architecture) for p in proposals[:measured]
        ]


def test_the_surrogate_forgets_the_oldest_examples_beyond_its_memory(surrogates):
    strategy = make_strategy(NAME, ONE, keep=5, first=20, memory=10, **QUICK)
    search(strategy, lambda proposal: {"error": proposal.number}, 26)
    assert [example.point for example in surrogates[0].examples] == [
        (float(number),) for number in range(10, 20)
    ]


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_stage_measures_the_pareto_best_of_all_predicted_children(seed, constrained, surrogates):
    space = make_space("dense-cell", layers=8)
    constraints = (Constraint("params", "<", 0.5),) if constrained else ()
    strategy = make_strategy(
        NAME, THREE, space, seed=seed, constraints=constraints, keep=6, first=18, **QUICK
    )
    rng = np.random.default_rng(seed)
    proposals = search(strategy, lambda proposal: point(THREE, rng.random(3)), 18 + 3 * 6)
    stages = by_stage(proposals)[1:]
    assert len(surrogates) == len(stages) == 3
    parents = by_stage(proposals)
    for number, (stage, surrogate) in enumerate(zip(stages, surrogates, strict=True)):
        grown = {
            space.tokens(child) for p in parents[number] for child in space.grow(p.architecture)
        }
        assert set(surrogate.children) == grown
        excess = [0.0] * len(surrogate.children)
        if constrained:
            params = surrogate.values(surrogate.predictions)[:, 1]
            excess = [max(0.0, (value - 0.5) / 0.5) for value in params]
        selected = survivors(surrogate.predictions.tolist(), excess, 6)
        assert [space.tokens(p.architecture) for p in stage] == [
            surrogate.children[i] for i in selected
        ]


@pytest.mark.parametrize("seed", range(3))
def test_predictions_rank_unseen_architectures(seed):
    """The error is the distance to a target: the surrogate learns it from 150 examples."""
    space = make_space("nb201")
    rng = np.random.default_rng(seed)
    target = space.sample(rng).genome
    architectures = list({space.sample(rng) for _ in range(400)})
    tokens = [space.tokens(architecture) for architecture in architectures]
    errors = np.array([distance(a.genome, target) + rng.normal(0, 0.1) for a in architectures])
    examples = [TrainingExample(t, (e,)) for t, e in zip(tokens[:150], errors, strict=False)]
    config = load_config(**LEARNS)
    surrogate = Surrogate(examples, space.vocabulary(), config, seed)
    predicted = surrogate.predict(tokens[150:])[:, 0]
    assert rank_correlation(predicted, errors[150:]) > 0.6
    values = surrogate.values(predicted[:, None])
    assert errors[:150].min() <= values.min() < values.max() <= errors[:150].max()


def load_config(**settings):
    return make_strategy(NAME, **settings).config


def test_targets_are_scaled_ranks():
    examples = [TrainingExample((0, 1), (float(x), -float(x))) for x in (5, 1, 1000, 1)]
    surrogate = Surrogate(examples, 2, load_config(**QUICK), 0)
    ranks = np.array([3, 1.5, 4, 1.5])
    expected = ((ranks - 0.5) / 4 * 2 - 1) * 1.7
    assert surrogate.scaled()[:, 0] == pytest.approx(expected)
    assert surrogate.scaled()[:, 1] == pytest.approx(-expected)


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_a_planted_optimum(seed):
    space = make_space("nb201")
    target = space.sample(np.random.default_rng(seed + 10)).genome
    strategy = make_strategy(NAME, ONE, space, seed=seed, keep=10, first=20, **LEARNS)
    proposals = search(strategy, lambda p: {"error": distance(p.architecture.genome, target)}, 110)
    distances = [distance(p.architecture.genome, target) for p in proposals]
    # The 15,625 architectures hold one optimum; random draws hit it once in 140 such searches.
    assert min(distances[:20]) > 0
    assert min(distances) == 0


def search_in_parallel(strategy, values_of, count, width, rng=None):
    """Search with `width` candidates in flight; with a generator, outcomes come in any order.

    Returns:
        The proposals, and how many workers had nothing to do at each tell.
    """
    proposals, open_, idle = [], [], []
    while len(idle) < count:
        wanted = len(open_) < width and len(proposals) < count
        proposal = strategy.ask() if wanted else None
        if proposal is None:
            idle.append(width - len(open_) if wanted else 0)
            ended = open_.pop(0 if rng is None else rng.integers(len(open_)))
            strategy.tell(done(ended.number, values_of(ended)))
        else:
            proposals.append(proposal)
            open_.append(proposal)
    return proposals, idle


def layers_after_the_first_wrong_one(genome, target):
    """How many layers of the target do not follow from growing a dense cell further."""
    equal = [ours == theirs for ours, theirs in zip(genome, target, strict=False)]
    return len(target) - [*equal, False].index(False)


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("width", [1, 4, 8, 16])
@pytest.mark.parametrize("seed", range(3))
def test_a_grown_optimum_is_found_whatever_the_number_of_candidates_in_flight(
    seed, width, in_order, monkeypatch
):
    """Only one lineage leads to the target; it must not end because its last cell is told late."""
    space = make_space("dense-cell", layers=16)
    rng = np.random.default_rng(seed)
    genomes = (space.sample(rng).genome for _ in range(1000))
    target = next(genome for genome in genomes if len(genome) == 16)

    class Exact(Surrogate):
        """Predicts that a child is as good as it is."""

        def predict(self, sequences):
            goal = space.tokens(space.architecture(target))
            errors = [layers_after_the_first_wrong_one(tokens, goal) for tokens in sequences]
            return np.array(errors, dtype=float)[:, None] / 16

    monkeypatch.setattr(module, "Surrogate", Exact)
    strategy = make_strategy(NAME, ONE, space, seed=seed, keep=8, first=18, **QUICK)
    proposals, _ = search_in_parallel(
        strategy,
        lambda p: {"error": layers_after_the_first_wrong_one(p.architecture.genome, target)},
        18 + 14 * 8,
        width,
        None if in_order else rng,
    )
    errors = [layers_after_the_first_wrong_one(p.architecture.genome, target) for p in proposals]
    assert min(errors) == 0


@pytest.mark.parametrize("space", ["dense-cell", "nb201"])
def test_the_candidates_do_not_depend_on_how_many_are_in_flight(space):
    points = np.random.default_rng(0).random((80, 2))

    def architectures(width):
        strategy = make_strategy(NAME, TWO, make_space(space), keep=10, first=18, **QUICK)
        proposals, _ = search_in_parallel(
            strategy, lambda p: point(TWO, points[p.number]), 80, width
        )
        return [proposal.architecture for proposal in proposals]

    alone = architectures(1)
    for width in (4, 8, 16, 50):
        assert architectures(width) == alone


def test_workers_wait_for_the_last_candidates_of_a_stage_only():
    strategy = make_strategy(NAME, TWO, keep=10, first=20, **QUICK)
    points = np.random.default_rng(0).random((60, 2))
    _, idle = search_in_parallel(strategy, lambda p: point(TWO, points[p.number]), 60, 4)
    # At the end of each stage three of four workers run out of work one after the other.
    for start, stage in ((0, 20), (20, 10), (30, 10), (40, 10)):
        assert idle[start : start + stage] == [0] * (stage - 3) + [1, 2, 3]
    assert sum(idle[50:]) == 0


@pytest.mark.parametrize("keep, explored", [(20, 2), (10, 1), (9, 0)])
def test_a_tenth_of_each_stage_of_mutations_is_drawn_at_random(keep, explored):
    strategy = make_strategy(NAME, TWO, keep=keep, first=20, **QUICK)
    points = np.random.default_rng(0).random((200, 2))
    proposals = search(strategy, lambda p: point(TWO, points[p.number]), 20 + 3 * keep)
    for stage in by_stage(proposals)[1:]:
        origins = [proposal.origin for proposal in stage]
        assert origins == ["mutation"] * (keep - explored) + ["random"] * explored


@pytest.mark.parametrize("seed", range(5))
def test_named_candidates_are_the_best_of_each_objective_and_the_all_round_one(seed):
    points = np.random.default_rng(seed).random((12, 3)) * (1, 100, 1e6)
    front = [Member(10 + i, None, tuple(p), 0.0) for i, p in enumerate(points.tolist())]
    low, high = points.min(axis=0), points.max(axis=0)
    worst = [max((p - low) / (high - low)) for p in points]
    expected = {goal.name: 10 + int(points[:, i].argmin()) for i, goal in enumerate(THREE)}
    expected["all-round"] = 10 + int(np.argmin(worst))
    assert named_candidates(front, THREE) == expected
    assert named_candidates([], THREE) == {}
    assert "all-round" not in named_candidates(front[:1], ONE)


def test_ranks_and_their_correlation_by_hand():
    assert average_ranks(np.array([3.0, 1.0, 3.0, 9.0])).tolist() == [2.5, 1, 2.5, 4]
    first, second = np.array([1.0, 2, 3, 4]), np.array([10.0, 30, 20, 40])
    assert rank_correlation(first, second) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert rank_correlation(first, -first) == pytest.approx(-1)
    assert rank_correlation(first, np.ones(4)) is None
    assert rank_correlation(first[:2], second[:2]) is None


def test_the_last_stage_is_shown_once_it_is_measured():
    """No later stage is planned after it, so nothing else would show it."""
    world = WORLDS["three"]
    strategy = world.strategy(NAME, candidates=18, first=10, keep=4, **QUICK)
    for _ in range(18):
        assert len(strategy.view()["stages"]) == strategy.view()["stage"]
        strategy.tell(world.ending(strategy.ask()))
    stages = strategy.view()["stages"]
    assert [(stage["asked"], stage["measured"]) for stage in stages] == [(10, 10), (4, 4), (4, 4)]

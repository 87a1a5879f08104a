"""Strategy `local-search`: every step, against a plain hill climber written from the paper."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from nasengine.core.seeds import generator
from tests.fixtures.pareto_reference import crowding_distances, dominates
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

SPACE = make_space("nb201")


def rugged(architecture):
    """A landscape without equal values and with many local optima."""
    return int(hashlib.sha256(architecture.canonical.encode()).hexdigest()[:12], 16)


class HillClimber:
    """Predicts each proposal of a sequential search with one objective, climb by climb."""

    def __init__(self, seed, move, starts):
        self.seed, self.move, self.starts = seed, move, starts
        self.seen, self.tops = set(), []

    def climb(self, start_number, start):
        """Yield (number of the centre, neighbour); receives the neighbour's number."""
        centre_number, centre = start_number, start
        while True:
            best_number, best = centre_number, centre
            neighbours = list(SPACE.neighbours(centre))
            order = generator(self.seed, "neighbours", centre_number).permutation(len(neighbours))
            for index in order:
                if neighbours[index] in self.seen:
                    continue
                number = yield centre_number, neighbours[index]
                if rugged(neighbours[index]) < rugged(best):
                    best_number, best = number, neighbours[index]
                    if self.move == "first":
                        break
            if best_number == centre_number:
                self.tops.append(centre_number)
                return
            centre_number, centre = best_number, best


@pytest.mark.parametrize("move", ["first", "best"])
@pytest.mark.parametrize("seed", range(4))
def test_each_proposal_is_the_hill_climbers(move, seed):
    strategy = make_strategy("local-search", ONE, SPACE, seed=seed, move=move, starts=3)
    climber = HillClimber(seed, move, 3)
    steps = 0
    for _ in range(4):
        starts = []
        for _ in range(3):
            proposal = strategy.ask()
            assert (proposal.origin, proposal.parents) == ("random", ())
            assert proposal.architecture not in climber.seen
            climber.seen.add(proposal.architecture)
            strategy.tell(done(proposal.number, {"error": rugged(proposal.architecture)}))
            starts.append(proposal)
        best = min(starts, key=lambda proposal: rugged(proposal.architecture))
        climb = climber.climb(best.number, best.architecture)
        try:
            expected = next(climb)
            while True:
                proposal = strategy.ask()
                assert proposal.origin == "neighbour"
                assert (proposal.parents, proposal.architecture) == ((expected[0],), expected[1])
                climber.seen.add(proposal.architecture)
                strategy.tell(done(proposal.number, {"error": rugged(proposal.architecture)}))
                steps += 1
                expected = climb.send(proposal.number)
        except StopIteration:
            pass
    strategy.ask()  # ends the last climb
    climbs = strategy.view()["climbs"]
    assert [one["top"] for one in climbs] == climber.tops
    assert sum(one["steps"] for one in climbs) == steps > 4 * 15


@pytest.mark.parametrize("move", ["first", "best"])
@pytest.mark.parametrize("seed", range(3))
def test_a_climb_on_a_slope_reaches_the_planted_optimum(move, seed):
    target = SPACE.sample(np.random.default_rng(seed + 50)).genome
    strategy = make_strategy("local-search", ONE, SPACE, seed=seed, move=move, starts=1)
    proposals = search(
        strategy, lambda p: {"error": distance(p.architecture.genome, target)}, 6 * 24 + 2
    )
    reached = [p.number for p in proposals if p.architecture.genome == target]
    assert reached
    [first, *_] = strategy.view()["climbs"]
    assert first["start"] == 0
    # Every move brings one edge to its target: at most six moves of 24 neighbours.
    assert reached[0] <= 6 * 24


@pytest.mark.parametrize("seed", range(3))
def test_with_two_objectives_a_climb_visits_the_neighbours_of_its_whole_front(seed):
    space = make_space("nb201", operations=("none", "skip_connect", "nor_conv_3x3"))
    targets = [space.sample(np.random.default_rng(200 + seed + i)).genome for i in range(2)]
    rng = np.random.default_rng(seed)
    strategy = make_strategy("local-search", TWO, space, seed=seed, starts=4)
    architectures, points, centres = [], [], []
    while True:
        members = strategy.view()["members"]
        proposal = strategy.ask()
        climbs = strategy.view()["climbs"]
        if climbs and climbs[-1]["top"] is not None:
            break
        if proposal.parents and proposal.parents[0] not in centres:
            # The next centre is the least crowded member that has not been a centre.
            if members:
                left = [members.index(n) for n in members if n not in centres]
                crowding = crowding_distances([points[n] for n in members])
                assert proposal.parents[0] == members[max(left, key=crowding.__getitem__)]
            centres.append(proposal.parents[0])
        # The noise makes all values different.
        distances = [distance(proposal.architecture.genome, target) for target in targets]
        architectures.append(proposal.architecture)
        points.append((np.array(distances) + rng.uniform(0, 0.5, size=2)).tolist())
        strategy.tell(done(proposal.number, point(TWO, points[-1])))
    assert proposal.number == len(points)
    front = {i for i, p in enumerate(points) if not any(dominates(q, p) for q in points)}
    assert set(members) == front
    assert len(centres) > len(front) > 1
    for number in front:
        assert set(space.neighbours(architectures[number])) <= set(architectures)
    assert climbs[-1]["steps"] == len(points) - 4  # four random starts


def test_random_starts_are_proposed_while_the_climb_waits_for_outcomes():
    strategy = make_strategy("local-search", ONE, SPACE, starts=1)
    strategy.tell(done(strategy.ask().number, {"error": 5.0}))
    neighbours = [strategy.ask() for _ in range(24)]
    assert {p.origin for p in neighbours} == {"neighbour"}
    assert {p.architecture for p in neighbours} == set(
        SPACE.neighbours(SPACE.sample(generator(0, "strategy")))
    )
    assert strategy.ask().origin == "random"
    strategy.tell(done(neighbours[7].number, {"error": 4.0}))
    assert strategy.ask().parents == (neighbours[7].number,)

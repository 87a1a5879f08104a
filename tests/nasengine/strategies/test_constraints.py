"""A tight bound on a cheap cost guides a search: nothing is trained in vain, children evolve."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from nasengine.catalog import load, names
from nasengine.core.architecture import Architecture
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Constraint, Goal
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.core.strategy import Task
from nasengine.estimators.tables.packaged import packaged_table
from nasengine.execution.loop import run
from nasengine.pareto.dominance import ranks
from nasengine.pareto.orientation import measured_violation, violation
from nasengine.strategies.common.feasibility import FeasibilityModel
from nasengine.strategies.common.population import Member, Population
from nasengine.strategies.dpp_net.config import DPPNetConfig
from nasengine.strategies.dpp_net.surrogate import Surrogate, TrainingExample
from nasengine.strategies.monas.reward import KINDS, Reward, Scale
from tests.fixtures.outcomes import ERROR, PARAMS

MACS = Goal("macs", "macs", None, "lower", "MAC")

TABLE = packaged_table("digits-nb201")
SMALL = {"population": 10, "sample": 3}
SETTINGS = {
    "regularised-evolution": SMALL,
    "nsga2": {"population": 10},
    "topology-evolution": SMALL,
    "renas": SMALL,
    "monas": {"warm_up": 10},
    "dpp-net": {"first": 10, "epochs": 25},
    "tpe": {"drafts": 8, "joint": "yes", "tries": 10},
    "qlognehvi": {"samples": 2, "pool": 10, "children": 60, "memory": 20},
}
LEARNERS = [
    name
    for name in names("strategies")
    if name != "random" and "supernet" not in load("strategies", name).requires
]
TIGHT = "params<=5214"  # met by 256 of the 4,096 cells
BOUND = Constraint("params", "<", 100.0)
ARCHITECTURE = Architecture("toy", {}, [1])


def searched(strategy, candidates=120, **changed):
    spec = SearchSpec(
        space="nb201",
        strategy=strategy,
        estimator="table",
        dataset="digits",
        objectives=("error", "params"),
        constraints=(TIGHT,),
        candidates=candidates,
        seed=1,
        space_config=dict(TABLE.space_config),
        strategy_config=SETTINGS.get(strategy, {}),
        estimator_config={"path": "digits-nb201", "costs_first": True},
    )
    return run(SearchSpec(**{**spec.__dict__, **changed}))


def member(number, error, params, state="done"):
    """Return what `Population.join` takes for a candidate with these values."""
    named = {"error": error, "params": params}
    measured = tuple(Measurement(k, v, "") for k, v in named.items() if v is not None)
    return Proposal(number, ARCHITECTURE), Outcome(number, state, measured, reason="x")


@pytest.mark.parametrize("strategy", LEARNERS)
def test_a_bound_that_few_architectures_meet_guides_the_search(strategy):
    result = searched(strategy, candidates=40)
    states = [candidate.state for candidate in result.candidates]
    assert (states.count("done"), set(states)) == (40, {"done", "pruned"})
    assert states[-30:].count("done") >= 15  # 2 for random proposals
    assert result.finished
    assert not result.end_reason
    if strategy not in ("monas", "tpe"):  # they propose without parents
        children = [c for c in result.candidates[:120] if c.proposal.parents]
        assert len(children) >= min(60, len(result.candidates) // 2)


@pytest.mark.parametrize("strategy", LEARNERS)
def test_a_search_that_never_finds_a_feasible_candidate_ends_and_says_why(strategy):
    result = searched(strategy, 4, constraints=("params<=9",), proposals_per_candidate=8)
    assert [candidate.state for candidate in result.candidates] == ["pruned"] * 32
    assert result.end_reason.startswith("only 0 of 4 candidates were evaluated: 32 of 32 ")
    assert result.finished


@pytest.mark.parametrize("strategy", LEARNERS)
def test_a_state_with_infeasible_candidates_is_json_and_continues_exactly(strategy):
    task = Task(
        load("spaces", "nb201")(load("spaces", "nb201").Config()), (ERROR, PARAMS), (BOUND,), 3, 60
    )
    plugin = load("strategies", strategy)
    settings = SETTINGS.get(strategy, {}) | ({"warm_up": 25} if strategy == "qlognehvi" else {})
    config = from_mapping(plugin.Config, settings)
    running = plugin(config, task)

    def step(searching, number):
        proposal = searching.ask()
        if number % 4:
            named = {"params": 100.0 + 7 * (number % 11)}
        else:
            named = {"error": 10.0 + number % 5, "params": 50.0 + number}
        searching.tell(
            Outcome(
                proposal.number,
                "pruned" if number % 4 else "done",
                tuple(Measurement(name, value, "") for name, value in named.items()),
            )
        )
        return proposal

    for number in range(30):
        step(running, number)
    state = json.loads(json.dumps(running.state_dict(), allow_nan=False))
    restored = plugin(config, task)
    restored.load_state_dict(state)
    shown = json.loads(json.dumps(running.view(), allow_nan=False))
    assert shown or strategy in ("bayesian", "tpe", "qlognehvi")  # they have no views of their own
    assert [step(running, n) for n in range(30, 45)] == [step(restored, n) for n in range(30, 45)]


def test_infeasible_candidates_rank_by_violation_behind_every_feasible_one():
    population = Population((ERROR, PARAMS), (BOUND,))
    assert population.join(*member(0, None, 300.0, "pruned"))
    assert population.join(*member(1, 5.0, 90.0))
    assert population.join(*member(2, None, 150.0, "pruned"))
    assert population.join(*member(3, 1.0, 200.0))  # trained although infeasible
    assert [m.number for m in population.fittest(4)] == [1, 2, 3, 0]
    assert [m.number for m in population.front] == [1]
    population.keep_fittest(2)
    assert [m.number for m in population.members] == [1, 2]


def test_candidates_without_measured_violation_do_not_take_part():
    population = Population((ERROR, PARAMS), (BOUND,))
    assert not population.join(*member(0, None, 90.0, "pruned"))  # pruned for another reason
    assert not population.join(*member(1, None, 300.0, "failed"))
    assert not population.join(*member(2, None, None, "diverged"))
    assert not population.join(*member(3, None, 90.0))
    assert population.joined == 0


def test_a_member_with_unknown_objectives_is_stored_without_nan():
    stored = Member(4, ARCHITECTURE, (math.nan, 3.0), 0.5).to_json()
    assert json.loads(json.dumps(stored, allow_nan=False))["point"] == [None, 3.0]
    assert Member.from_json(stored).violation == 0.5
    assert math.isnan(Member.from_json(stored).point[0])


def test_the_violation_of_an_untrained_candidate_counts_what_was_measured():
    bounds = (BOUND, Constraint("error", "<", 10.0))
    assert violation({"params": 150.0}, bounds) == math.inf
    assert measured_violation({"params": 150.0}, bounds) == pytest.approx(0.5)
    assert measured_violation({"params": 150.0, "error": 20.0}, bounds) == pytest.approx(1.5)
    points = np.array([[np.nan, 1.0], [1.0, 1.0], [np.nan, 2.0], [np.nan, 3.0]])
    assert ranks(points, np.array([0.2, 0.0, 0.1, 0.0])).tolist() == [2, 0, 1, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_the_monas_reward_of_an_infeasible_candidate_is_at_most_zero(kind):
    goals = (ERROR, PARAMS, MACS)
    bounds = (BOUND, Constraint("error", "<", 50.0))
    reward, scale = Reward(kind, 0.5, goals, bounds), Scale(goals, 2)
    for error, params in ((10.0, 50.0), (30.0, 90.0)):
        assert scale.add({"error": error, "params": params, "macs": params})
    for values in (
        {"params": 101.0},
        {"params": 1e9},
        {"params": 101.0, "error": 1.0, "macs": 1.0},
        {"params": 1.0, "error": 51.0, "macs": 1.0},
    ):
        assert -2 <= reward.of(values, scale) <= 0
    assert reward.of({"params": 101.0}, scale) > reward.of({"params": 200.0}, scale)


def test_the_monas_policy_learns_from_infeasible_candidates_right_after_the_warm_up():
    task = Task(
        load("spaces", "nb201")(load("spaces", "nb201").Config()), (ERROR, PARAMS), (BOUND,), 3, 60
    )
    plugin = load("strategies", "monas")
    strategy = plugin(from_mapping(plugin.Config, {"warm_up": 5}), task)
    for _ in range(8):
        proposal = strategy.ask()
        strategy.tell(
            Outcome(proposal.number, "pruned", (Measurement("params", 300.0, ""),), reason="x")
        )
    assert [point["number"] for point in strategy.view()["points"]] == [4, 5, 6, 7]
    assert all(point["reward"] <= -1 for point in strategy.view()["points"])


def test_the_surrogate_of_dpp_net_learns_costs_from_untrained_candidates():
    examples = [
        TrainingExample((n % 4, n // 4), (5.0 + n if n % 2 else math.nan, 100.0 * (n // 4)))
        for n in range(16)
    ]
    surrogate = Surrogate(examples, 4, DPPNetConfig(epochs=150), 0)
    assert np.isnan(surrogate.scaled()[0]).tolist() == [True, False]
    assert math.isfinite(surrogate.loss)
    values = surrogate.values(surrogate.predict([(0, 0), (0, 3)]))
    assert values[0, 1] < values[1, 1]
    restored = [TrainingExample.from_json(json.loads(json.dumps(e.to_json()))) for e in examples]
    assert Surrogate(restored, 4, DPPNetConfig(epochs=3), 0).loss == pytest.approx(
        Surrogate(examples, 4, DPPNetConfig(epochs=3), 0).loss
    )


def test_the_feasibility_model_predicts_what_would_be_excluded():
    space = load("spaces", "nb201")(load("spaces", "nb201").Config())
    rng = np.random.default_rng(0)
    model = FeasibilityModel(space, (BOUND,))

    def params(architecture):
        return 30.0 * str(space.text(architecture)).count("conv")

    assert not model.violation(space.sample(rng))
    for number in range(60):
        architecture = space.sample(rng)
        value = params(architecture)
        state = "pruned" if value >= 100 else "done"
        model.record(architecture, Outcome(number, state, (Measurement("params", value, ""),)))
    restored = FeasibilityModel(space, (BOUND,))
    restored.load_state_dict(json.loads(json.dumps(model.state_dict())))
    for _ in range(200):
        architecture = space.sample(rng)
        assert (model.violation(architecture) > 0) == (params(architecture) > 100)
        assert restored.violation(architecture) == model.violation(architecture)


def test_without_an_excluded_candidate_nothing_is_predicted_or_stored_of_an_unbounded_search():
    space = load("spaces", "nb201")(load("spaces", "nb201").Config())
    rng = np.random.default_rng(0)
    unbounded, bounded = FeasibilityModel(space, ()), FeasibilityModel(space, (BOUND,))
    for number in range(20):
        outcome = Outcome(number, "done", (Measurement("params", 200.0, ""),))
        unbounded.record(space.sample(rng), outcome)
        bounded.record(space.sample(rng), outcome)  # trained although infeasible
    assert unbounded.state_dict() == {}
    assert not bounded.violation(space.sample(rng))

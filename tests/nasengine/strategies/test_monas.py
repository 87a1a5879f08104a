"""Strategy `monas`: its four rewards, on a made table and on the published one."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.objective import Goal, parse_constraint
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution import loop as search
from nasengine.strategies.monas.reward import Reward, Scale
from tests.fixtures.tables import write_table
from tests.real_data import real_data

ENERGY = "energy@pi5_onnx"
ERROR_GOAL = Goal("error", "error", None, "lower", "%")
MACS_GOAL = Goal("macs", "macs", None, "lower", "MAC")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    published = real_data("nb201_table.csv.gz")
    return published or write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


@cache
def search_table(table, seed, candidates=250, constraints=(), **config):
    """Run a search; return its settings and the values of each candidate."""
    spec = assembly.check(
        SearchSpec(
            space="nb201", strategy="monas", estimator="table", dataset="cifar10",
            objectives=("error", ENERGY), constraints=constraints, candidates=candidates,
            seed=seed, strategy_config=config, estimator_config={"path": str(table)},
        )
    )  # fmt: skip
    return spec, [candidate.outcome.values for candidate in search.run(spec).candidates]


def best_by_reward(table, seed, **settings):
    """Return the values of the candidate with the largest reward, as in the paper."""
    spec, values = search_table(table, seed, **settings)
    goals, constraints = assembly.goals_of(spec), assembly.constraints_of(spec)
    config = spec.strategy_config
    scale = Scale(goals, config["warm_up"])
    for first in values[: config["warm_up"]]:
        scale.add(first)
    reward = Reward(config["reward"], config["cost_weight"], goals, constraints)
    return max(values, key=lambda candidate: reward.of(candidate, scale))


def third_of_random(table, objective):
    """Return a bound on an objective that three of ten random candidates meet."""
    _, values = search_table(table, 9, candidates=60)
    return float(np.quantile([candidate[objective] for candidate in values], 0.3))


def test_a_larger_cost_weight_moves_the_best_candidate_along_the_front(table):
    means = []
    for weight in (0.0, 0.5, 0.9):
        best = [best_by_reward(table, seed, cost_weight=weight) for seed in range(3)]
        means.append([np.mean([values[name] for values in best]) for name in ("error", ENERGY)])
    errors, energies = np.array(means).T
    assert (np.diff(errors) >= 0).all()
    assert (np.diff(energies) <= 0).all()
    assert errors[-1] > errors[0]
    assert energies[-1] < energies[0] / 2


@pytest.mark.parametrize("seed", range(2))
def test_the_power_budget_is_kept(table, seed):
    bound = third_of_random(table, ENERGY)
    settings = {"reward": "power-budget", "constraints": (f"{ENERGY}<{bound}",)}
    assert best_by_reward(table, seed, **settings)[ENERGY] < bound
    _, values = search_table(table, seed, **settings)
    within = [candidate[ENERGY] < bound for candidate in values]
    assert np.mean(within[-50:]) > np.mean(within[:50])


@pytest.mark.parametrize("seed", range(2))
def test_the_accuracy_floor_is_kept(table, seed):
    bound = third_of_random(table, "error")
    best = best_by_reward(table, seed, reward="accuracy-floor", constraints=(f"error<{bound}",))
    assert best["error"] < bound
    # Low costs are rewarded, so it is cheaper than the best without any weight on costs.
    assert best[ENERGY] < best_by_reward(table, seed, cost_weight=0.0)[ENERGY]


def test_the_rewards_by_hand():
    goals = (ERROR_GOAL, MACS_GOAL)
    scale = Scale(goals, 2)
    assert scale.add({"error": 10.0, "macs": 100.0})
    assert not scale.add({"error": 10.0})
    assert scale.add({"error": 30.0, "macs": 300.0})
    assert scale.ready
    middle = {"error": 15.0, "macs": 250.0}  # scaled: 0.25 and 0.75
    assert Reward("mixed", 0.4, goals, ()).of(middle, scale) == pytest.approx(
        0.6 * 0.75 - 0.4 * 0.75
    )
    assert Reward("macs", 0.0, goals, ()).of(middle, scale) == pytest.approx(0.75)
    cheap = (parse_constraint("macs<260"),)
    assert Reward("power-budget", 0.4, goals, cheap).of(middle, scale) == pytest.approx(0.75)
    good = (parse_constraint("error<20"),)
    assert Reward("accuracy-floor", 0.4, goals, good).of(middle, scale) == pytest.approx(0.25)
    expensive = {"error": 15.0, "macs": 520.0}  # twice its bound
    assert Reward("power-budget", 0.4, goals, cheap).of(expensive, scale) == pytest.approx(
        -1 - np.tanh(3.0)
    )
    beyond = {"error": -200.0, "macs": 1e9}
    assert scale.scaled(beyond) == {"error": -1.0, "macs": 2.0}


@pytest.mark.parametrize(
    ("config", "constraints", "objectives", "message"),
    [
        ({"reward": "power-budget"}, (), ("error", "params"), "add a constraint on params"),
        ({"reward": "accuracy-floor"}, (), ("error", "params"), "error<10"),
        ({"reward": "accuracy-floor"}, ("error<9",), ("error",), "needs a cost to lower"),
        ({"reward": "macs"}, (), ("error", "params"), "needs the objective macs"),
    ],
)
def test_a_reward_without_its_constraint_or_cost_is_refused(
    config, constraints, objectives, message
):
    spec = SearchSpec(
        space="nb201", strategy="monas", objectives=objectives, constraints=constraints,
        strategy_config=config,
    )  # fmt: skip
    with pytest.raises(InvalidSettings, match=message) as refused:
        assembly.check(spec)
    assert set(refused.value.errors) == {"strategy_config.reward"}

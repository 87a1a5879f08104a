"""Strategy `tpe`: optuna's estimator learns, meets constraints, and is refused without optuna."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from nasengine.catalog import load, names
from nasengine.core.errors import InvalidSettings
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Constraint
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.strategies import tpe
from tests.fixtures.search_steps import ONE, TWO, done, make_space, make_strategy, search

DECIDED = [name for name in names("spaces") if "decisions" in load("spaces", name).capabilities]


def convolutions(proposal):
    return proposal.architecture.genome.count("conv_3x3")


def test_without_optuna_a_search_is_refused_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(tpe, "find_spec", lambda name: None)
    spec = SearchSpec(space="nb201", strategy="tpe", estimator="train", dataset="digits")
    with pytest.raises(InvalidSettings, match=r'pip install "nasengine\[baselines\]"'):
        assembly.check(spec)


def test_it_proposes_what_was_good():
    strategy = make_strategy("tpe", warm_up=15, drafts=8, tries=5)
    asked = search(strategy, lambda p: {"error": 50.0 - 5 * convolutions(p)}, 45)
    assert {p.origin for p in asked[:15]} == {"random"}
    assert {p.origin for p in asked[15:]} == {"surrogate"}
    first, last = (np.mean([convolutions(p) for p in part]) for part in (asked[:15], asked[-15:]))
    assert last > first + 1


@pytest.mark.parametrize("name", DECIDED)
def test_options_may_depend_on_earlier_decisions(name):
    space = make_space(name)
    strategy = make_strategy("tpe", space=space, warm_up=3, drafts=4, tries=2)
    for proposal in search(strategy, lambda p: {"error": float(p.number % 3)}, 6):
        space.validate(proposal.architecture)


def test_candidates_in_flight_are_not_proposed_again():
    strategy = make_strategy("tpe", warm_up=4)
    search(strategy, lambda p: {"error": 50.0 - 5 * convolutions(p)}, 6)
    flying = [strategy.ask() for _ in range(8)]
    assert len({proposal.architecture for proposal in flying}) == 8


def test_a_pruned_candidate_is_learned_from_by_its_violation():
    """Many convolutions are pruned, so few are proposed although they have the lowest error."""
    bound = Constraint("params", "<", 2.5)
    strategy = make_strategy("tpe", TWO, constraints=(bound,), warm_up=15, joint="yes", tries=5)
    asked = []
    for number in range(45):
        proposal = strategy.ask()
        count = float(convolutions(proposal))
        params = (Measurement("params", count, ""),)
        if count > 2:
            strategy.tell(Outcome(number, "pruned", params, "params"))
        else:
            strategy.tell(done(number, {"error": 50 - count, "params": count}))
        asked.append(count)
    assert np.mean(np.array(asked[-15:]) > 2) < 0.2
    points = [point for _, point, _ in strategy.state_dict()["trials"]]
    assert any(None in point for point in points)  # a state is JSON without NaN
    assert not any(math.isnan(v) for point in points for v in point if v is not None)


def test_the_memory_keeps_the_best_and_the_newest_and_restores_the_same():
    strategy = make_strategy("tpe", ONE, warm_up=10, memory=10, drafts=4, tries=3)
    errors = [float((7 * n) % 23) for n in range(23)]
    search(strategy, lambda p: {"error": errors[p.number]}, 23)
    state = json.loads(json.dumps(strategy.state_dict(), allow_nan=False))
    kept = [point[0] for _, point, _ in state["trials"]]
    assert kept[-5:] == errors[-5:] and 0.0 in kept and len(kept) == 10
    restored = make_strategy("tpe", ONE, warm_up=10, memory=10, drafts=4, tries=3)
    restored.load_state_dict(state)
    assert [restored.ask() for _ in range(3)] == [strategy.ask() for _ in range(3)]

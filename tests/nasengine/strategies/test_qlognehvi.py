"""Strategy `qlognehvi`: botorch learns in a process of its own, which may end at any time."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest

from nasengine.catalog import load, names
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Constraint, Goal
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.pareto import hypervolume
from nasengine.strategies.qlognehvi import child
from nasengine.strategies.qlognehvi import strategy as module
from nasengine.strategies.qlognehvi.process import BotorchProcess, botorch_process
from tests.fixtures.outcomes import World, step
from tests.fixtures.search_steps import ONE, TWO, done, make_space, make_strategy, search

ROOT = Path(__file__).parents[3]
SMALL = {"warm_up": 20, "samples": 4, "pool": 30, "children": 40}
TINY = {"warm_up": 20, "samples": 2, "pool": 10, "children": 8, "parents": 2, "memory": 16}
COORDINATE = """
import json, sys
from tests.fixtures.outcomes import World, proposals
strategy = World(objectives=3).strategy("qlognehvi", seed=4, **json.load(sys.stdin))
asked = proposals(strategy, World(objectives=3), 24, width=2)
libraries = {"torch", "botorch", "gpytorch"} & set(sys.modules)
print(json.dumps([[p.architecture.id for p in asked], asked[-1].origin, sorted(libraries)]))
"""
START = """
import os, sys, time
from nasengine.strategies.qlognehvi.process import botorch_process
botorch_process().start()
print(botorch_process().pid, flush=True)
if sys.argv[1] == "fork":
    if os.fork():
        os.wait()
    else:
        print(botorch_process().pid, flush=True)
        os._exit(0)
time.sleep(600 if sys.argv[1] == "wait" else 0)
"""


def convolutions(proposal):
    return proposal.architecture.genome.count("conv_3x3")


def two(proposal):
    """Return two values that conflict; an edge that is neither operation is good for none."""
    genome = proposal.architecture.genome
    return {"error": 7.0 - genome.count("conv_3x3"), "params": 7.0 - genome.count("skip")}


def test_without_botorch_a_search_is_refused_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    spec = SearchSpec(space="nb201", strategy="qlognehvi", estimator="train", dataset="digits")
    with pytest.raises(InvalidSettings, match=r'botorch .* pip install "nasengine\[baselines\]"'):
        assembly.check(spec)


def test_with_one_objective_it_proposes_what_was_good():
    strategy = make_strategy("qlognehvi", **SMALL)
    asked = search(strategy, lambda p: {"error": 50.0 - 5 * convolutions(p)}, 32)
    assert {p.origin for p in asked[:20]} == {"random"}
    assert {p.origin for p in asked[20:]} == {"surrogate"}
    first, last = (np.mean([convolutions(p) for p in part]) for part in (asked[:20], asked[-8:]))
    assert last > first + 2


def test_with_two_objectives_it_covers_more_than_random_search():
    def volume(name, seed, **config):
        asked = search(make_strategy(name, TWO, seed=seed, **config), two, 32)
        points = np.array([list(two(p).values()) for p in asked])
        return hypervolume(points, np.array([8.0, 8.0]))

    chance = [volume("random", seed) for seed in range(2)]
    found = [volume("qlognehvi", seed, **SMALL) for seed in range(2)]
    assert min(found) > max(chance)


@pytest.mark.parametrize(
    "name", [n for n in names("spaces") if {"tokens", "mutate"} <= load("spaces", n).capabilities]
)
def test_every_space_with_tokens_is_searched_also_if_their_number_varies(name):
    space = make_space(name)
    strategy = make_strategy("qlognehvi", space=space, **{**TINY, "warm_up": 4})
    asked = search(strategy, lambda p: {"error": 1.0 + p.number % 3}, 5)
    space.validate(asked[-1].architecture)
    assert asked[-1].origin == "surrogate"


def test_columns_stand_for_the_tokens_of_each_position_and_none_for_what_has_ended():
    features = child.one_hot([(0, 5), (0, 6, 1), (2,)])
    assert features.tolist() == [[1, 0, 1, 0, 0], [1, 0, 0, 1, 1], [0, 1, 0, 0, 0]]


def test_sampled_values_are_maximised_on_the_measured_range():
    import torch

    values = torch.tensor([[math.log(20.0), -3.0], [math.log(60.0), 1.0]], dtype=torch.float64)
    objectives = [
        {"logarithmic": True, "span": math.log(40.0), "low": 0.5},
        {"logarithmic": False, "span": 4.0, "low": -0.75},
    ]
    scaled = child.to_maximise(values, objectives)
    assert scaled.numpy() == pytest.approx(np.array([[0.0, 0.0], [-1.0, -1.0]]))
    assert child.to_maximise(values + 1e5, objectives).isfinite().all()


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_a_constraint_on_a_measured_value_is_met_more_often_than_by_chance(better):
    """Fewer convolutions are feasible, while more of them are better."""
    sign = 1.0 if better == "lower" else -1.0
    goals = (*ONE, Goal("power", "power", None, better, ""))
    bound = Constraint("power", "<" if better == "lower" else ">", sign * 2.5)
    strategy = make_strategy("qlognehvi", goals, constraints=(bound,), **SMALL)

    def values(proposal):
        return {"error": 50.0 - convolutions(proposal), "power": sign * convolutions(proposal)}

    asked = search(strategy, values, 32)
    assert np.mean([convolutions(p) > 2 for p in asked[-10:]]) <= 0.2
    assert np.mean([convolutions(p) > 0 for p in asked[-10:]]) > 0.5


def test_a_pruned_candidate_is_learned_from_by_its_cost():
    """Many convolutions are pruned, so few are proposed although they have the lowest error."""
    bound = Constraint("params", "<", 2.5)
    strategy = make_strategy("qlognehvi", TWO, constraints=(bound,), **SMALL)
    asked = []
    for number in range(32):
        count = float(convolutions(strategy.ask()))
        params = (Measurement("params", count, ""),)
        if count > 2:
            strategy.tell(Outcome(number, "pruned", params, "params"))
        else:
            strategy.tell(done(number, {"error": 50 - count, "params": count}))
        asked.append(count)
    assert np.mean(np.array(asked[-10:]) > 2) <= 0.2
    points = [point for _, _, point, _ in strategy.state_dict()["examples"]]
    assert any(None in point for point in points)  # a state is JSON without NaN


def test_it_resumes_exactly_while_planned_and_unfinished_candidates_are_left():
    world = World(objectives=3, constrained=True, wrong_percent=20)

    def searched(cuts):
        strategy, open_, asked = world.strategy("qlognehvi", **TINY), [], []
        while len(asked) < 30:
            if len(asked) in cuts:
                state = json.loads(json.dumps(strategy.state_dict(), allow_nan=False))
                strategy = world.strategy("qlognehvi", **TINY)
                strategy.load_state_dict(state)
                assert strategy.state_dict() == state
            proposal = step(strategy, world, open_, 3)
            asked += [] if proposal is None else [proposal]
        return asked

    whole = searched(())
    assert whole[-1].origin == "surrogate"
    assert searched((5, 28, 29)) == whole


def next_after(strategy, count):
    """Return the next proposals of a search, each of which is done at once."""
    return search(strategy, lambda p: {"error": 50.0 - 5 * convolutions(p)}, count)


def test_a_killed_process_is_started_again_and_the_proposals_are_the_same():
    whole = next_after(make_strategy("qlognehvi", **TINY), 25)
    strategy = make_strategy("qlognehvi", **TINY)
    first = next_after(strategy, 22)
    killed = botorch_process().pid
    os.kill(killed, signal.SIGKILL)
    assert first + next_after(strategy, 3) == whole
    assert botorch_process().pid not in (killed, None)


def test_threads_share_the_process_and_get_their_own_answers():
    expected = [next_after(make_strategy("qlognehvi", seed=seed, **TINY), 22) for seed in (0, 1)]
    asked: dict[int, list[Proposal]] = {}

    def run(seed):
        asked[seed] = next_after(make_strategy("qlognehvi", seed=seed, **TINY), 22)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [asked[0], asked[1]] == expected


def test_a_process_that_ends_twice_is_an_error_with_its_last_words():
    dying = "import sys; sys.stdin.readline(); print('out of memory', file=sys.stderr); sys.exit(3)"
    process = BotorchProcess((sys.executable, "-c", dying))
    with pytest.raises(EngineError, match=r"ended with status 3 \(out of memory\), 2 times: give"):
        process.answer({})
    assert process.pid is None


def test_what_cannot_be_fitted_makes_the_next_candidate_random(monkeypatch):
    class Failing:
        def answer(self, request):
            return botorch_process().answer({**request, "samples": -1})

    monkeypatch.setattr(module, "botorch_process", Failing)
    asked = next_after(make_strategy("qlognehvi", **TINY), 22)
    assert {proposal.origin for proposal in asked} == {"random"}


def test_the_searching_process_loads_no_torch_and_proposes_the_same():
    output = subprocess.run(
        [sys.executable, "-c", COORDINATE],
        input=json.dumps(TINY),
        env={**os.environ, "PYTHONHASHSEED": "5", "OMP_NUM_THREADS": "2"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    identities, origin, libraries = json.loads(output)
    assert libraries == []
    assert origin == "surrogate"
    world = World(objectives=3)
    strategy, open_, asked = world.strategy("qlognehvi", seed=4, **TINY), [], []
    while len(asked) < 24:
        proposal = step(strategy, world, open_, 2)
        asked += [] if proposal is None else [proposal.architecture.id]
    assert asked == identities


def gone(pid):
    """Return whether a process has ended, within the time a machine under load may take."""
    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(60)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return process.status() == psutil.STATUS_ZOMBIE
    return True


def test_the_process_ends_with_its_parent_also_if_that_is_killed():
    for how in ("wait", "end"):
        parent = subprocess.Popen(
            [sys.executable, "-c", START, how], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        with parent:
            pid = int(parent.stdout.readline())
            if how == "wait":
                parent.kill()
        assert gone(pid)


def test_a_forked_process_has_a_handle_of_its_own():
    output = subprocess.run(
        [sys.executable, "-c", START, "fork"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    owner, forked = output.split()
    assert owner.isdigit() and forked == "None"

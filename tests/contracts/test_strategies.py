"""Laws of every strategy in the catalogue: determinism, restoring, outcomes, state size."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from nasengine.catalog import load, names
from nasengine.core.architecture import canonical_json
from nasengine.core.errors import EngineError
from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.settings import describe, from_mapping

from ..fixtures.outcomes import BAD, WORLDS, World, proposals, step
from ..fixtures.small_settings import SMALL

STRATEGIES = names("strategies")
WORLDS_AND_WIDTHS = list(zip(WORLDS, itertools.cycle([1, 5]), strict=False))
ROOT = Path(__file__).parents[2]
STATES = ROOT / "tests" / "assets" / "states"
# Largest state in characters after 2,000 candidates. A state holds 8 characters per candidate and
# a population; in some strategies also the front of a climb, a controller with its optimizer, or
# the training examples of a surrogate. All of these are bounded.
MAX_STATE = {
    "enas": 60_000,
    "darts": 60_000,
    "local-search": 80_000,
    "bayesian": 60_000,
    "tpe": 120_000,
    "qlognehvi": 120_000,
    "monas": 120_000,
    "renas": 120_000,
    "dpp-net": 250_000,
}
CONTINUE = """
import json, sys
from nasengine.core.proposal import Proposal
from tests.fixtures.outcomes import WORLDS, step
for line in sys.stdin:
    saved = json.loads(line)
    world = WORLDS[saved["world"]]
    strategy = world.strategy(saved["name"], seed=saved["seed"], **saved["config"])
    if saved["state"] is not None:
        strategy.load_state_dict(saved["state"])
    open_ = [Proposal.from_json(value) for value in saved["open"]]
    asked = []
    while len(asked) < saved["count"]:
        proposal = step(strategy, world, open_, saved["width"])
        if proposal is not None:
            asked.append(proposal.to_json())
    answer = {"asked": asked, "state": strategy.state_dict(), "torch": "torch" in sys.modules}
    print(json.dumps(answer), flush=True)
"""


def make(name, world, seed=0):
    return WORLDS[world].strategy(name, seed=seed, **SMALL.get(name, {}))


@pytest.fixture(scope="module")
def other_process():
    """A process with another seed of hashes that continues searches, one for all tests."""
    process = subprocess.Popen(
        [sys.executable, "-c", CONTINUE],
        env={**os.environ, "PYTHONHASHSEED": "5"},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.stdin.close()


def in_another_process(process, name, world, count, *, width, state=None, open_=(), seed=0):
    """Continue a search in another process; return its proposals and its final state."""
    job = {
        "name": name,
        "world": world,
        "seed": seed,
        "config": SMALL.get(name, {}),
        "state": state,
        "open": [proposal.to_json() for proposal in open_],
        "count": count,
        "width": width,
    }
    process.stdin.write(json.dumps(job, allow_nan=False) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_same_seed_gives_the_same_proposals_in_another_process_without_torch(
    name, other_process
):
    here = proposals(make(name, "three"), WORLDS["three"], 40, width=3)
    there = in_another_process(other_process, name, "three", 40, width=3)
    assert there["asked"] == [proposal.to_json() for proposal in here]
    assert there["torch"] is False
    other = proposals(make(name, "three", seed=1), WORLDS["three"], 40, width=3)
    assert [p.architecture for p in other] != [p.architecture for p in here]


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("world", WORLDS)
def test_numbers_count_from_zero_and_parents_come_before(name, world):
    strategy = make(name, world)
    asked = proposals(strategy, WORLDS[world], 60, width=4)
    assert [proposal.number for proposal in asked] == list(range(60))
    for proposal in asked:
        strategy.task.space.validate(proposal.architecture)
        assert all(0 <= parent < proposal.number for parent in proposal.parents)
        canonical_json(proposal.to_json())


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize(("world", "width"), WORLDS_AND_WIDTHS)
@pytest.mark.trap(26)
def test_a_restored_strategy_continues_as_if_it_had_not_been_interrupted(name, world, width):
    """N proposals == k, save, restore, N - k; with candidates in flight, told out of order."""
    whole = proposals(make(name, world), WORLDS[world], 60, width)
    for cut in (1, 7, 23):
        strategy, open_, asked = make(name, world), [], []
        while len(asked) < cut:
            proposal = step(strategy, WORLDS[world], open_, width)
            asked += [] if proposal is None else [proposal]
        state = json.loads(json.dumps(strategy.state_dict(), allow_nan=False))
        loaded = make(name, world)
        loaded.load_state_dict(state)
        assert loaded.state_dict() == state
        assert loaded.view() == strategy.view()
        while len(asked) < 60:
            proposal = step(loaded, WORLDS[world], open_, width)
            asked += [] if proposal is None else [proposal]
        assert asked == whole


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_failed_proposal_is_repeated_and_the_search_goes_on_and_restores(name):
    """The repetition has the next number and an outcome of its own, whenever it is asked for."""
    world = WORLDS["three"]
    strategy, open_, asked = make(name, world="three"), [], []
    while len(asked) < 60:
        failed = next((p for p in asked if p.task == "evaluate"), None)
        if failed is not None and len(asked) % 9 == 5:
            repeated = strategy.repeat(failed)
            assert repeated.number == len(asked)
            assert repeated.architecture == failed.architecture
            open_.append(repeated)
            asked.append(repeated)
            restored = make(name, "three")
            restored.load_state_dict(json.loads(json.dumps(strategy.state_dict())))
            strategy = restored
            continue
        proposal = step(strategy, world, open_, 3)
        asked += [] if proposal is None else [proposal]
    assert [proposal.number for proposal in asked] == list(range(60))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_stored_state_may_have_lost_the_decimal_points_of_huge_numbers(name):
    """PostgreSQL writes 1e200 in a JSON document as a whole number of 201 digits."""
    world = World(objectives=3, constrained=True, scale=1e195)
    whole = proposals(world.strategy(name, **SMALL.get(name, {})), world, 60, 3)
    strategy, open_, asked = world.strategy(name, **SMALL.get(name, {})), [], []
    while len(asked) < 60:
        if len(asked) in (7, 31):
            state = json.loads(json.dumps(strategy.state_dict()), parse_float=as_postgresql_writes)
            strategy = world.strategy(name, **SMALL.get(name, {}))
            strategy.load_state_dict(state)
        proposal = step(strategy, world, open_, 3)
        asked += [] if proposal is None else [proposal]
    assert asked == whole


def as_postgresql_writes(text):
    """Return the number that is read after the database stored this one as JSON."""
    return int(Decimal(text)) if abs(float(text)) >= 1e17 else float(text)


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_continues_in_another_process(name, other_process):
    world, width = WORLDS["rough"], 4
    whole = proposals(make(name, "rough"), world, 60, width)
    strategy, open_, asked = make(name, "rough"), [], []
    while len(asked) < 31:
        proposal = step(strategy, world, open_, width)
        asked += [] if proposal is None else [proposal]
    there = in_another_process(
        other_process, name, "rough", 29, width=width, state=strategy.state_dict(), open_=open_
    )
    assert [p.to_json() for p in asked] + there["asked"] == [p.to_json() for p in whole]


@pytest.mark.parametrize("name", [n for n in STRATEGIES if load("strategies", n).can_steer])
def test_a_steered_search_continues_exactly_and_proposes_something_else(name):
    def searched(restored: bool, target: dict[str, float] | None) -> list[Proposal]:
        world, strategy, open_, asked = WORLDS["three"], make(name, "three"), [], []
        for turn in (20, 40, 60):
            while len(asked) < turn:
                proposal = step(strategy, world, open_, 3)
                asked += [] if proposal is None else [proposal]
            if turn == 20 and target:
                strategy.steer(target)
            if restored:
                state = json.loads(json.dumps(strategy.state_dict(), allow_nan=False))
                strategy = make(name, "three")
                strategy.load_state_dict(state)
        return asked

    strategy = make(name, "three")
    first = strategy.task.goals[0].name
    target = {first: -1e9}
    steered = searched(False, target)
    assert searched(True, target) == steered
    assert steered[:20] == searched(False, None)[:20]
    assert steered != searched(False, None)
    for wrong in ({"none": 1.0}, {}):
        with pytest.raises(EngineError, match="objectives"):
            strategy.steer(wrong)
    alone = make(name, "one")
    with pytest.raises(EngineError, match="no front"):
        alone.steer({alone.task.goals[0].name: 1.0})


@pytest.mark.parametrize("name", [n for n in STRATEGIES if not load("strategies", n).can_steer])
def test_a_strategy_that_cannot_be_steered_says_so(name):
    with pytest.raises(EngineError, match="cannot be steered"):
        make(name, "three").steer({"x": 1.0})


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_saved_state_does_not_change_while_the_strategy_continues(name):
    strategy = make(name, "one")
    proposals(strategy, WORLDS["one"], 12, width=3)
    state = strategy.state_dict()
    before = canonical_json(state)
    for _ in range(9):
        strategy.ask()
    assert canonical_json(state) == before


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("state", BAD)
def test_every_kind_of_outcome_is_accepted(name, state):
    strategy = make(name, "one")
    for _ in range(30):
        proposal = strategy.ask()
        strategy.tell(Outcome(proposal.number, state, reason="loss is nan in epoch 2"))
    canonical_json([strategy.state_dict(), strategy.view()])  # refuses NaN
    assert strategy.ask().number == 30


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_done_candidate_without_all_objectives_is_accepted(name):
    strategy = make(name, "three")
    for _ in range(20):
        proposal = strategy.ask()
        strategy.tell(Outcome(proposal.number, "done", (Measurement("error", 5.0, "%"),)))
    canonical_json(strategy.state_dict())
    assert strategy.ask().number == 20


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("number", [-1, 1, 10**6])
def test_an_unknown_or_repeated_outcome_is_refused(name, number):
    strategy = make(name, "one")
    proposal = strategy.ask()
    with pytest.raises(EngineError, match="never asked"):
        strategy.tell(Outcome(number, "failed", reason="?"))
    strategy.tell(Outcome(proposal.number, "failed", reason="?"))
    with pytest.raises(EngineError, match="already told"):
        strategy.tell(Outcome(proposal.number, "failed", reason="?"))


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_state_stays_small(name):
    learns = {
        "dpp-net": {"epochs": 1, "keep": 100},
        "bayesian": {"warm_up": 980, "sampled": 1},
        "tpe": {"warm_up": 999},
        "qlognehvi": {"warm_up": 1000, "memory": 1000},
    }
    strategy = WORLDS["three"].strategy(name, **learns.get(name, SMALL.get(name, {})))
    if name in ("monas", "renas"):
        strategy = WORLDS["three"].strategy(name)
    proposals(strategy, WORLDS["three"], 1000)
    assert len(canonical_json(strategy.state_dict())) < MAX_STATE.get(name, 40_000)


@pytest.mark.parametrize("name", STRATEGIES)
def test_settings_have_defaults_ranges_and_help(name):
    strategy = load("strategies", name)
    assert strategy.name == name
    for field in describe(strategy.Config):
        assert field.help
        assert field.kind in ("bool", "choice", "text") or field.choices or field.low is not None
    assert from_mapping(strategy.Config, {}) == strategy.Config()
    assert dataclasses.is_dataclass(strategy.Config)
    assert (strategy.__doc__ or "").strip()
    with pytest.raises(dataclasses.FrozenInstanceError):
        strategy.Config().anything = 1


# The files leave out settings that had their default; runs store all of their settings.
OLD_DEFAULTS = {"renas": {"survival": "worst"}}


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_released_state_loads_and_continues_as_it_did(name):
    """The files are never changed; a new version of a state adds one."""
    files = sorted((STATES / name).glob("*.json"))
    assert files, f"save a state of {name} under {STATES}"
    for path in files:
        saved = json.loads(path.read_text())
        world = World(**saved["world"])
        config = {**OLD_DEFAULTS.get(name, {}), **saved["config"]}
        strategy = world.strategy(name, seed=saved["seed"], **config)
        strategy.load_state_dict(saved["state"])
        open_ = [Proposal.from_json(value) for value in saved["open"]]
        asked = []
        while len(asked) < len(saved["next"]):
            proposal = step(strategy, world, open_, saved["width"])
            asked += [] if proposal is None else [proposal.architecture.id]
        assert asked == saved["next"]


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("state", [{}, {"version": 0}, {"version": 999}, {"version": "1"}, None])
def test_states_of_unknown_versions_are_refused(name, state):
    with pytest.raises(EngineError, match="cannot be read"):
        make(name, "one").load_state_dict(state)

"""The loop: the schedule, the history, what is emitted, and every way a candidate ends."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from nasengine.core.errors import Cancelled, EngineError, InvalidSettings
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.seeds import derive
from nasengine.execution import loop as search
from tests.fixtures.toy import ToySpace, install

QUESTION = SearchSpec(
    space="toy",
    strategy="regularised-evolution",
    estimator="toy",
    dataset="digits",
    objectives=("error", "weight"),
    candidates=40,
    seed=3,
    in_flight=4,
    strategy_config={"population": 6, "sample": 2},
)


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    install(monkeypatch)


def asking(**changed):
    return dataclasses.replace(QUESTION, **changed)


def evaluated(digits=(1, 2, 3, 4, 5, 6), cancelled=lambda: False, number=5, **changed):
    points = []
    architecture = ToySpace(ToySpace.Config())._made(digits)
    proposal = Proposal(number, architecture)
    outcome = search.evaluate(asking(**changed), proposal, points.append, cancelled)
    return outcome, points


def pairs(result):
    return [(candidate.proposal, candidate.outcome) for candidate in result.candidates]


def test_the_same_question_gives_the_same_search():
    first, second = search.run(QUESTION), search.run(QUESTION)
    assert pairs(first) == pairs(second)
    assert len(first.candidates) == 40
    assert [candidate.proposal.number for candidate in first.candidates] == list(range(40))
    assert pairs(search.run(asking(seed=4))) != pairs(first)


def test_it_gets_somewhere_and_knows_its_best():
    result = search.run(asking(candidates=300, objectives=("error",)))
    values = [candidate.outcome.values["error"] for candidate in result.candidates]
    assert result.best.outcome.values["error"] == min(values) < 51
    assert result.run_front.front == [result.best.proposal.number]
    assert result.run_front.recorded == 300


@pytest.mark.parametrize("cut", [1, 5, 17, 40])
def test_a_history_is_gone_on_with_exactly(cut):
    events, resumed = [], []
    whole = search.run(QUESTION, events.append)
    stored = json.loads(json.dumps([[p.to_json(), o.to_json()] for p, o in pairs(whole)[:cut]]))
    history = [(Proposal.from_json(p), Outcome.from_json(o)) for p, o in stored]
    again = search.run(QUESTION, resumed.append, reversed(history))
    assert pairs(again) == pairs(whole)
    assert again.run_front.curve == whole.run_front.curve
    replayed = {event.number for event in resumed if event.kind == "outcome"}
    assert replayed == set(range(cut, 40))


def test_a_history_of_another_search_is_refused():
    whole = pairs(search.run(QUESTION))
    with pytest.raises(EngineError, match="another architecture"):
        search.run(asking(seed=4), history=whole[:10])
    with pytest.raises(EngineError, match="belongs to another search"):
        search.run(asking(candidates=10), history=whole)


def test_a_wrong_question_is_refused_before_anything_happens():
    with pytest.raises(InvalidSettings):
        search.run(asking(candidates=0), emit=pytest.fail)


def test_events_come_in_order_and_are_json():
    events = []
    search.run(asking(candidates=6, in_flight=3), events.append)
    kinds = [(event.kind, event.number) for event in events if event.kind != "front"]
    assert kinds[:3] == [("proposal", 0), ("proposal", 1), ("proposal", 2)]
    assert kinds[3:6] == [("epoch", 0), ("outcome", 0), ("proposal", 3)]
    assert kinds[-2:] == [("epoch", 5), ("outcome", 5)]
    json.dumps([event.item for event in events], allow_nan=False)
    seeds = [event.item["seed"] for event in events if event.kind == "epoch"]
    assert seeds == [derive(3, "evaluation", number) for number in range(6)]
    fronts = [event.item for event in events if event.kind == "front"]
    assert fronts[0]["front"] == [0]
    assert fronts[-1]["hypervolume"] > 0


def test_cancelling_ends_the_search_and_keeps_what_ended():
    outcomes = []
    with pytest.raises(Cancelled):
        search.run(
            QUESTION,
            lambda event: outcomes.append(event) if event.kind == "outcome" else None,
            cancelled=lambda: len(outcomes) >= 7,
        )
    assert len(outcomes) == 7


def test_a_candidate_is_measured_whole():
    outcome, points = evaluated((7, 7, 7, 0, 0, 0))
    assert (outcome.state, outcome.number, outcome.reason, outcome.epochs) == ("done", 5, "", 1)
    assert list(outcome.values) == ["error", "weight"]
    assert outcome.values["weight"] == 21
    assert 50 <= outcome.values["error"] < 51
    assert points == [{"epoch": 1, "epochs": 1, "seed": derive(3, "evaluation", 5)}]


def test_the_seed_follows_run_and_number_alone():
    first, _ = evaluated(number=5)
    assert evaluated(number=5)[0] == first
    assert evaluated(number=6)[0].values["error"] != first.values["error"]
    assert evaluated(number=5, seed=4)[0].values["error"] != first.values["error"]


def test_a_broken_constraint_on_a_cheap_cost_spares_the_training():
    changed = {"objectives": ("error", "params"), "constraints": ("params<10",)}
    outcome, points = evaluated((9, 9, 9, 9, 9, 9), **changed)
    assert (outcome.state, outcome.reason) == (
        "pruned",
        "params 55 violates params<10, not trained",
    )
    assert outcome.values == {"params": 55}
    assert points == []
    trained, points = evaluated(
        (9, 9, 9, 9, 9, 9), estimator_config={"train_infeasible": True}, **changed
    )
    assert trained.state == "done"
    assert len(points) == 1


def test_a_large_amount_is_said_shortly():
    changed = {"objectives": ("error", "params"), "constraints": ("params<2e-6",)}
    assert evaluated(**changed)[0].reason == "params 22 violates params<2e-06, not trained"


def test_a_constraint_on_what_training_tells_prunes_nothing():
    outcome, _ = evaluated(constraints=("error<1", "weight<1"))
    assert outcome.state == "done"


@pytest.mark.parametrize(
    ("trouble", "state", "reason"),
    [
        ("nan", "diverged", "error is nan: a measurement must be finite"),
        ("diverged", "diverged", "loss is inf in epoch 3"),
        ("told", "diverged", "loss is nan\ufffd in epoch 2"),
        ("nothing", "failed", "no value for error"),
    ],
)
def test_every_trouble_has_its_state_and_reason(trouble, state, reason):
    outcome, _ = evaluated(objectives=("error",), estimator_config={"trouble": trouble})
    assert (outcome.state, outcome.reason, outcome.measurements) == (state, reason, ())


def test_an_unexpected_error_fails_the_candidate_in_one_clean_line():
    outcome, _ = evaluated(estimator_config={"trouble": "broken"})
    assert outcome.state == "failed"
    assert outcome.reason.startswith("RuntimeError: first line second \ufffd line xxx")
    assert len(outcome.reason) == 500


def test_a_cost_that_is_no_number_diverges():
    outcome, points = evaluated(objectives=("error", "unmeasurable"))
    assert (outcome.state, points) == ("diverged", [])
    assert "unmeasurable is inf" in outcome.reason


def test_what_ends_badly_keeps_the_costs_taken_before():
    outcome, _ = evaluated(objectives=("error", "params"), estimator_config={"trouble": "told"})
    assert (outcome.state, outcome.values, outcome.epochs) == ("diverged", {"params": 22}, 2)


def test_an_architecture_the_space_refuses_fails():
    outcome, _ = evaluated((1, 2))
    assert (outcome.state, outcome.reason) == ("failed", "[1, 2] has not 6 digits")


def test_cancelling_passes_through():
    with pytest.raises(Cancelled):
        evaluated(estimator_config={"trouble": "cancelled"})
    with pytest.raises(Cancelled):
        evaluated(objectives=("error", "params"), cancelled=lambda: True)


@pytest.mark.parametrize("trouble", ["nan", "broken", "nothing", "told"])
def test_a_search_in_which_everything_goes_wrong_comes_to_its_end(trouble):
    result = search.run(asking(estimator_config={"trouble": trouble}))
    assert len(result.candidates) == 40
    assert result.best is None
    assert (result.run_front.front, result.run_front.hypervolume) == ([], 0.0)


def test_without_a_feasible_one_the_least_violating_is_best():
    result = search.run(asking(constraints=("error<0", "weight<0")))
    found = result.best.outcome.values
    assert result.run_front.hypervolume == 0
    assert result.run_front.front == [result.best.proposal.number]
    breaches = [sum(candidate.outcome.values.values()) for candidate in result.candidates]
    assert sum(found.values()) == pytest.approx(min(breaches))
    assert all(map(math.isfinite, found.values()))

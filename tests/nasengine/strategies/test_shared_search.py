"""Searches with shared weights: order of asks, budget, failures, and what is derived."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from nasengine.catalog import load
from nasengine.core.errors import InvalidSettings
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Goal
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.core.strategy import Task
from nasengine.execution import assembly
from tests.fixtures.outcomes import WORLDS, findings

WORLD = WORLDS["one"]


def made(name="darts", **config):
    values = {"epochs": 4, "candidates": 50, **config}
    return WORLD.strategy(name, seed=3, **values)


def trained(proposal, **changed):
    return Outcome(proposal.number, "trained", findings={**findings(proposal), **changed})


def through(strategy, answer=trained):
    """Everything the strategy asks for, each answered at once."""
    asked = []
    while not strategy.finished and len(asked) < 200:
        proposal = strategy.ask()
        asked.append(proposal)
        strategy.tell(answer(proposal) if proposal.task == "share" else WORLD.ending(proposal))
    return asked


def alphas_for(op):
    """Parameters of nb201 under which one operation is strongest everywhere."""
    return {"cell": [[2.0 if place == op else 0.0 for place in range(5)]] * 6}


@pytest.mark.parametrize(("name", "proofs"), [("darts", 4), ("random-sharing", 4), ("enas", 4)])
def test_epochs_come_first_then_one_derivation_then_what_it_derived(name, proofs):
    asked = through(made(name))
    assert [one.task for one in asked] == ["share"] * 5 + ["evaluate"] * len(asked[5:])
    assert [one.note["do"] for one in asked[:5]] == ["epoch"] * 4 + ["derive"]
    assert [one.note["from"] for one in asked[:5]] == [None, 0, 1, 2, 3]
    assert [one.note["spent"] for one in asked[:5]] == [None, None, 0, 1, 2]
    assert [one.note["epoch"] for one in asked[:5]] == [0, 1, 2, 3, 4]
    assert len({one.note["seed"] for one in asked[:5]}) == 1
    assert all(one.architecture.genome == {"shared": True} for one in asked[:5])
    assert len(asked[5:]) in (3, proofs)  # the world draws three
    assert all(isinstance(one.note["shared"], float) for one in asked[5:])


def test_nothing_is_asked_while_the_shared_network_is_trained():
    strategy = made()
    first = strategy.ask()
    assert strategy.ask() is None
    strategy.tell(trained(first))
    assert strategy.ask().number == 1


def test_too_small_a_budget_is_refused_with_the_sum():
    with pytest.raises(InvalidSettings) as refused:
        made(epochs=40, candidates=44)
    assert refused.value.errors["candidates"].startswith(
        "must be at least 45 (got 44): 40 supernet epochs, 1 derivation and 4 stand-alone"
    )
    made(epochs=40, candidates=45)


def test_a_second_search_has_another_seed_and_begins_anew_while_the_budget_lasts():
    asked = through(made(searches=9, compared=0, candidates=14))
    assert [one.task for one in asked] == (["share"] * 5 + ["evaluate"]) * 2
    first, second = asked[0].note, asked[6].note
    assert (second["search"], second["epoch"], second["from"]) == (1, 0, None)
    assert first["seed"] != second["seed"]


def test_an_epoch_that_fails_is_tried_again_from_the_same_checkpoint():
    strategy = made()
    strategy.tell(trained(strategy.ask()))
    for _ in range(2):
        proposal = strategy.ask()
        assert (proposal.note["epoch"], proposal.note["from"]) == (1, 0)
        strategy.tell(Outcome(proposal.number, "failed", reason="the disk is full"))
    proposal = strategy.ask()
    assert (proposal.number, proposal.note["from"]) == (3, 0)
    strategy.tell(trained(proposal))
    assert strategy.ask().note["from"] == 3


@pytest.mark.parametrize(("state", "times"), [("diverged", 1), ("failed", 3), ("cancelled", 3)])
def test_what_fails_for_good_ends_the_epochs_and_what_is_known_is_derived(state, times):
    strategy = made()
    strategy.tell(trained(strategy.ask()))
    for _ in range(times):
        strategy.tell(Outcome(strategy.ask().number, state, reason="loss became NaN"))
    proposal = strategy.ask()
    assert (proposal.note["do"], proposal.note["from"]) == ("derive", 0)
    assert "Supernet epoch 2: loss became NaN" in strategy.view()["said"]
    strategy.tell(trained(proposal))
    assert strategy.ask().task == "evaluate"


def test_without_any_epoch_there_is_nothing_to_derive():
    strategy = made()
    strategy.tell(Outcome(strategy.ask().number, "diverged", reason="loss became NaN"))
    assert strategy.finished
    assert strategy.ask() is None


def test_darts_without_scores_still_proves_what_it_found():
    strategy = made(compared=1)
    asked = through(
        strategy,
        lambda one: (
            trained(one)
            if one.note["do"] == "epoch"
            else Outcome(one.number, "failed", reason="no room")
        ),
    )
    assert [one.origin for one in asked[-2:]] == ["derived", "random"]
    assert asked[-1].note["shared"] is None


@pytest.mark.parametrize(
    "broken",
    [
        {"alphas": None},
        {"alphas": {"cell": [[0.0] * 5] * 5}},
        {"alphas": {"cell": [[float("nan")] * 5] * 6}},
        {"alphas": {"other": [[0.0] * 5] * 6}},
    ],
)
def test_findings_that_are_none_count_as_a_failure(broken):
    strategy = made()
    proposal = strategy.ask()
    strategy.tell(trained(proposal, **broken))
    assert strategy.view()["epoch"] == 0
    for _ in range(2):
        proposal = strategy.ask()
        assert proposal.note["epoch"] == 0
        strategy.tell(trained(proposal, **broken))
    assert strategy.finished
    assert "Supernet epoch 1: its findings are malformed" in strategy.view()["said"]


def test_darts_derives_the_strongest_operation_of_each_edge():
    strategy = made(compared=0)
    asked = through(strategy, lambda one: trained(one, alphas=alphas_for(3)))
    assert asked[4].note["score"] == [asked[5].architecture.genome]
    assert asked[5].architecture.genome == (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+"
        "|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    )
    assert strategy.view()["warning"] == ""


@pytest.mark.parametrize(
    ("op", "said"), [(1, "6 of 6 operations of the cell are skip"), (4, "has weights")]
)
def test_a_cell_of_skips_or_of_nothing_that_learns_is_a_collapse(op, said):
    strategy = made()
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(3)))
    assert strategy.view()["warning"] == ""
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(op)))
    warning = strategy.view()["warning"]
    assert warning.startswith("Collapse since epoch 2")
    assert said in warning
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(op)))
    assert strategy.view()["warning"] == warning
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(3)))
    assert strategy.view()["warning"] == ""


def test_too_many_skips_end_the_search_with_the_architecture_from_before():
    strategy = made(stop="skips", most_skips=2, compared=0, epochs=9)
    asked = through(
        strategy, lambda one: trained(one, alphas=alphas_for(3 if one.note["epoch"] < 4 else 1))
    )
    assert [one.note.get("do") for one in asked] == ["epoch"] * 5 + ["derive", None]
    assert "skip_connect" not in asked[-1].architecture.genome
    assert "Stopped after epoch 5" in strategy.view()["said"]


def test_a_growing_eigenvalue_ends_the_search_with_the_architecture_of_four_epochs_before():
    strategy = made(stop="eigenvalue", compared=0, epochs=40, candidates=50)

    def answer(one):
        epoch = one.note["epoch"]
        even = {"alphas": alphas_for(epoch % 4 + 1)}
        measured = {"eigenvalue": 0.2 if epoch < 20 else 0.2 + 0.1 * (epoch - 19)}
        known = measured if epoch % 2 else {"eigenvalue": None}
        return trained(one, **even, **known)

    asked = through(strategy, answer)
    epochs = sum(one.note.get("do") == "epoch" for one in asked)
    # (0.2 + 0.2 + 0.4) / 3 of epochs 18, 20 and 22 against 0.2 of 14, 16 and 18.
    assert epochs == 22
    assert "The architecture is that of epoch 18." in strategy.view()["said"]
    assert asked[-1].architecture.genome.count("nor_conv_1x1") == 6


def test_frames_hold_shares_in_thousandths_and_the_edges_that_are_kept():
    strategy = made()
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(0)))
    view = strategy.view()
    [frame] = view["frames"]
    # softmax of one 2 and four 0
    assert frame["weights"]["cell"][0] == [649, 88, 88, 88, 88]
    assert frame["edges"]["cell"][0] == [649, 0, 0]  # nothing at all is no edge
    drawing = view["drawing"]
    assert drawing["operations"][3]["op"] == "nor_conv_3x3"
    assert drawing["cells"][0]["edges"][0] == ["0", "1"]
    assert drawing["heat"][0]["rows"][:4] == ["0 to 1", "0 to 2", "1 to 2", "0 to 3"]
    shares = [math.exp(2) / (math.exp(2) + 4)] + [1 / (math.exp(2) + 4)] * 4
    entropy = -sum(share * math.log(share) for share in shares) / math.log(5)
    assert view["course"][0]["evenness"] == pytest.approx(entropy, abs=1e-3)


def test_a_long_course_is_thinned_and_keeps_its_last_epoch():
    strategy = made(epochs=150, candidates=200)
    while strategy.view()["phase"] == "epoch":
        strategy.tell(trained(strategy.ask()))
    view = strategy.view()
    assert 30 <= len(view["frames"]) <= 60
    assert view["frames"][-1]["epoch"] == 149
    assert len(view["course"]) == 150


def test_agreement_is_kendalls_tau_of_shared_and_alone():
    strategy = made(compared=3)
    shared = [10.0, 20.0, 30.0, 40.0]
    while True:
        proposal = strategy.ask()
        if proposal.task == "evaluate":
            break
        strategy.tell(trained(proposal, errors=shared))
    for value in (1.0, 2.0, 4.0, 3.0):
        measured = (Measurement("error", value, "%"),)
        strategy.tell(Outcome(proposal.number, "done", measured))
        proposal = strategy.ask()
    view = strategy.view()
    assert [pair[2:] for pair in view["alone"]] == [[10, 1], [20, 2], [30, 4], [40, 3]]
    assert view["tau"] == pytest.approx(4 / 6, abs=1e-3)  # 5 pairs agree, 1 does not
    json.dumps(view, allow_nan=False)


def test_enas_frames_hold_chances_and_the_likeliest_cell():
    strategy = made("enas", proofs=2)
    first = strategy.ask()
    even = [[0.2] * 5] * 6
    sure = [[0.0, 0.0, 0.0, 1.0, 0.0]] * 6
    cell = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|"
    strategy.tell(trained(first, policy=even, best=cell))
    strategy.tell(trained(strategy.ask(), policy=sure, best=cell))
    view = strategy.view()
    one, two = view["frames"]
    assert one["weights"]["operations"] == [[200] * 5] * 6
    assert two["weights"]["operations"][0] == [0, 0, 0, 1000, 0]
    edges = one["edges"]["cell"]
    assert [edge[:2] for edge in edges] == [["0", "1"], ["0", "2"], ["0", "3"]]
    drawn = [one["operations"][edge[2]]["op"] for edge in edges]
    assert drawn == ["nor_conv_3x3", "nor_conv_3x3", "skip_connect"]
    assert view["drawing"]["heat"][0]["columns"][3] == "nor_conv_3x3"
    assert view["course"][0]["skips"] == {"cell": 0.333}


@pytest.mark.parametrize(
    "broken",
    [
        {"policy": [[0.2] * 5] * 5},
        {"policy": [[0.2] * 4] * 6},
        {"policy": [[2.0] + [0.0] * 4] * 6},
        {"policy": [[float("nan")] * 5] * 6},
        {"best": "|nothing~0|"},
        {"best": None},
    ],
)
def test_a_policy_that_is_none_counts_as_a_failure(broken):
    strategy = made("enas")
    strategy.tell(trained(strategy.ask(), **broken))
    assert strategy.view()["epoch"] == 0


def test_random_sharing_shows_how_its_children_fare():
    strategy = made("random-sharing")
    strategy.tell(trained(strategy.ask(), children=[40.0, 20.0, 60.0]))
    [row] = strategy.view()["course"]
    assert (row["children_mean"], row["children_best"]) == (40.0, 20.0)


def recurrent(**config):
    space = load("spaces", "recurrent-cell")
    goal = Goal("perplexity", "perplexity", None, "lower", "")
    task = Task(space(space.Config(nodes=2)), (goal,), (), 3, config.pop("candidates", 20))
    strategy = load("strategies", "random-sharing")
    return strategy(strategy.Config(epochs=1, proofs=2, **config), task)


def proved(strategy, values, rival=None):
    """Goes through a search of text; the rival's answer, or how it fails."""
    space, asked = strategy.task.space, []
    rng = np.random.default_rng(0)
    cells = [space.sample(rng).genome for _ in range(2)]
    values = iter(values)
    while not strategy.finished and (proposal := strategy.ask()) is not None:
        asked.append(proposal)
        do = proposal.note.get("do")
        if do == "rival":
            outcome = rival(proposal)
        elif do:
            outcome = Outcome(
                proposal.number, "trained", findings={"genomes": cells, "errors": [1.0, 2.0]}
            )
        else:
            value = next(values)
            kept = (Measurement("perplexity", value, ""),) if value else ()
            outcome = Outcome(proposal.number, "done" if value else "failed", kept, "so it was")
        strategy.tell(outcome)
    return asked


def lstm(proposal):
    found = {"network": "LSTM", "hidden": 9, "parameters": 1234, "values": {"perplexity": 40.0}}
    return Outcome(proposal.number, "trained", findings=found)


def test_of_text_a_rival_of_the_best_cell_is_trained_in_the_end():
    strategy = recurrent()
    asked = proved(strategy, [50.0, 45.0], lstm)
    assert [one.note.get("do") for one in asked] == ["epoch", "derive", None, None, "rival"]
    assert asked[4].architecture == asked[3].architecture
    assert strategy.view()["rival"] == {
        "network": "LSTM", "parameters": 1234, "value": 40.0, "number": 3, "cell": 45.0,
    }  # fmt: skip
    again = recurrent()
    again.load_state_dict(json.loads(json.dumps(strategy.state_dict())))
    assert again.finished
    assert again.view() == strategy.view()


def test_the_rival_waits_until_every_cell_is_told():
    strategy = recurrent()
    strategy.ask()
    strategy.tell(Outcome(0, "trained", findings={}))
    strategy.ask()
    genomes = [strategy.task.space.sample(np.random.default_rng(n)).genome for n in range(2)]
    strategy.tell(Outcome(1, "trained", findings={"genomes": genomes, "errors": [1.0, 2.0]}))
    both = [strategy.ask(), strategy.ask()]
    assert strategy.ask() is None
    assert not strategy.finished
    for one, value in zip(both, (3.0, 2.0), strict=True):
        strategy.tell(Outcome(one.number, "done", (Measurement("perplexity", value, ""),)))
    assert strategy.ask().note["do"] == "rival"


def test_without_a_cell_there_is_no_rival_and_the_search_ends():
    strategy = recurrent()
    asked = proved(strategy, [None, None], lstm)
    assert [one.note.get("do") for one in asked] == ["epoch", "derive", None, None]
    assert strategy.ask() is None
    assert strategy.finished
    assert strategy.view()["rival"] is None


def test_a_rival_that_fails_is_said_and_the_next_search_begins():
    strategy = recurrent(searches=2, candidates=40)
    asked = proved(
        strategy,
        [50.0, 45.0, 44.0, 43.0],
        lambda one: Outcome(one.number, "diverged", reason="loss became NaN"),
    )
    kinds = [one.note.get("do") for one in asked]
    assert kinds == ["epoch", "derive", None, None, "rival"] * 2
    assert "LSTM baseline: loss became NaN" in strategy.view()["said"]


@pytest.mark.parametrize(
    ("name", "partial", "said"),
    [
        ("recurrent-cell", 4, "space recurrent-cell, which has no partial channels"),
        ("cell", 3, "partial is 3 with 8 channels"),
        ("nb201", 16, "partial is 16 with 16 channels"),
    ],
)
def test_partial_channels_that_cannot_be_are_refused_beside_their_field(name, partial, said):
    asked = SearchSpec(
        space=name,
        strategy="darts",
        dataset="pydoc-text" if name == "recurrent-cell" else "digits",
        objectives=("params",),
        strategy_config={"partial": partial},
    )
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(asked)
    assert said in refused.value.errors["strategy_config.partial"]


def test_a_rival_costs_one_candidate_more():
    with pytest.raises(InvalidSettings) as refused:
        recurrent(candidates=4)
    assert "at least 5 (got 4)" in refused.value.errors["candidates"]

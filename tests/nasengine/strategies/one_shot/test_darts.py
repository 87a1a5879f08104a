"""Strategy `darts`: derivation, collapse warnings, early stopping, and the history of alphas."""

from __future__ import annotations

import math

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.strategies.one_shot.darts.early_stop import eigenvalue_grows
from tests.fixtures.supernet_searches import alphas_for, make_search, run_search, trained

SKIP, CONV_1X1, CONV_3X3, POOL = 1, 2, 3, 4


def test_it_derives_the_strongest_operation_of_each_edge():
    strategy = make_search(compared=0)
    proposals = run_search(strategy, lambda p: trained(p, alphas=alphas_for(CONV_3X3)))
    assert proposals[4].note["score"] == [proposals[5].architecture.genome]
    assert proposals[5].architecture.genome == (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+"
        "|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    )
    assert strategy.view()["warning"] == ""


def test_without_scores_the_derived_architecture_is_still_retrained():
    def answer(proposal):
        if proposal.note["do"] == "epoch":
            return trained(proposal)
        return Outcome(proposal.number, "failed", reason="out of memory")

    proposals = run_search(make_search(compared=1), answer)
    assert [p.origin for p in proposals[-2:]] == ["derived", "random"]
    assert proposals[-1].note["shared"] is None


@pytest.mark.parametrize(
    "malformed",
    [
        {"alphas": None},
        {"alphas": {"cell": [[0.0] * 5] * 5}},
        {"alphas": {"cell": [[float("nan")] * 5] * 6}},
        {"alphas": {"other": [[0.0] * 5] * 6}},
    ],
)
def test_malformed_findings_count_as_a_failure(malformed):
    strategy = make_search()
    for _ in range(3):
        assert not strategy.finished
        proposal = strategy.ask()
        assert proposal.note["epoch"] == 0
        strategy.tell(trained(proposal, **malformed))
        assert strategy.view()["epoch"] == 0
    assert strategy.finished
    assert "Supernet epoch 1: its findings are malformed" in strategy.view()["said"]


@pytest.mark.parametrize(
    ("operation", "fault"),
    [(SKIP, "6 of 6 operations of the cell are skip connections"), (POOL, "has weights")],
)
@pytest.mark.trap(27)
def test_a_cell_of_skips_or_without_weights_is_a_collapse(operation, fault):
    strategy = make_search()
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(CONV_3X3)))
    assert strategy.view()["warning"] == ""
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(operation)))
    warning = strategy.view()["warning"]
    assert warning.startswith("Collapse since epoch 2")
    assert fault in warning
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(operation)))
    assert strategy.view()["warning"] == warning
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(CONV_3X3)))
    assert strategy.view()["warning"] == ""


def test_nearly_even_alphas_are_no_evidence_of_a_collapse():
    strategy = make_search()
    even = {"cell": [[0.05 if op == 1 else 0.0 for op in range(5)]] * 6}
    assert SKIP == 1
    strategy.tell(trained(strategy.ask(), alphas=even))
    assert strategy.view()["course"][-1]["evenness"] > 0.99
    assert strategy.view()["warning"] == ""
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(SKIP)))
    warning = strategy.view()["warning"]
    assert "6 of 6 operations of the cell are skip connections; normalised entropy" in warning
    assert f"{strategy.view()['course'][-1]['evenness']:.2f}" in warning


def test_too_many_skips_end_the_search_with_the_previous_architecture():
    strategy = make_search(stop="skips", most_skips=2, compared=0, epochs=9)
    proposals = run_search(
        strategy,
        lambda p: trained(p, alphas=alphas_for(CONV_3X3 if p.note["epoch"] < 4 else SKIP)),
    )
    assert [p.note.get("do") for p in proposals] == ["epoch"] * 5 + ["derive", None]
    assert "skip_connect" not in proposals[-1].architecture.genome
    assert "Stopped after epoch 5" in strategy.view()["said"]


def test_a_growing_eigenvalue_ends_the_search_with_the_architecture_of_four_epochs_before():
    strategy = make_search(stop="eigenvalue", compared=0, epochs=40, candidates=50)

    def answer(proposal):
        epoch = proposal.note["epoch"]
        eigenvalue = 0.2 if epoch < 20 else 0.2 + 0.1 * (epoch - 19)
        return trained(
            proposal,
            alphas=alphas_for(epoch % 4 + 1),
            eigenvalue=eigenvalue if epoch % 2 else None,
        )

    proposals = run_search(strategy, answer)
    # (0.2 + 0.2 + 0.4) / 3 of epochs 18, 20 and 22 against 0.2 of 14, 16 and 18.
    assert sum(p.note.get("do") == "epoch" for p in proposals) == 22
    assert "The architecture is that of epoch 18." in strategy.view()["said"]
    assert proposals[-1].architecture.genome.count("nor_conv_1x1") == 6


def test_eigenvalues_grow_by_the_means_of_two_windows():
    flat = [(epoch, 1.0) for epoch in range(20)]
    assert not eigenvalue_grows(flat)
    rising = [*flat[:15], *((epoch, 1.31) for epoch in range(15, 20))]
    # Mean 1.31 of epochs 15 to 19, against (4 * 1 + 1.31) / 5 = 1.062 of epochs 11 to 15.
    assert not eigenvalue_grows(rising)
    assert eigenvalue_grows([*flat[:15], *((epoch, -1.5) for epoch in range(15, 20))])
    assert not eigenvalue_grows([(epoch, 2.0**epoch) for epoch in range(9)])  # too early
    assert eigenvalue_grows([(epoch, 2.0**epoch) for epoch in range(10)])


def test_snapshots_hold_weights_in_thousandths_and_the_kept_edges():
    strategy = make_search()
    strategy.tell(trained(strategy.ask(), alphas=alphas_for(0)))
    view = strategy.view()
    [snapshot] = view["frames"]
    # The softmax of one 2 and four 0.
    assert snapshot["weights"]["cell"][0] == [649, 88, 88, 88, 88]
    assert snapshot["edges"]["cell"][0] == [649, 0, 0]  # operation `none` keeps no edge
    drawing = view["drawing"]
    assert drawing["operations"][3]["op"] == "nor_conv_3x3"
    assert drawing["cells"][0]["edges"][0] == ["0", "1"]
    assert drawing["heat"][0]["rows"][:4] == ["0 to 1", "0 to 2", "1 to 2", "0 to 3"]
    weights = [math.exp(2) / (math.exp(2) + 4)] + [1 / (math.exp(2) + 4)] * 4
    entropy = -sum(w * math.log(w) for w in weights) / math.log(5)
    assert view["course"][0]["evenness"] == pytest.approx(entropy, abs=1e-3)


def test_a_long_history_is_thinned_and_keeps_its_last_epoch():
    strategy = make_search(epochs=150, candidates=200)
    while strategy.view()["phase"] == "epoch":
        strategy.tell(trained(strategy.ask()))
    view = strategy.view()
    assert 30 <= len(view["frames"]) <= 60
    assert view["frames"][-1]["epoch"] == 149
    assert len(view["course"]) == 150


@pytest.mark.parametrize(
    ("space", "partial", "fault"),
    [
        ("recurrent-cell", 4, "space recurrent-cell, which has no partial channels (got 4)"),
        ("cell", 3, "partial is 3 with 8 channels"),
        ("nb201", 16, "partial is 16 with 16 channels"),
    ],
)
def test_partial_channels_that_do_not_fit_the_space_are_refused(space, partial, fault):
    spec = SearchSpec(
        space=space,
        strategy="darts",
        dataset="pydoc-text" if space == "recurrent-cell" else "digits",
        objectives=("params",),
        strategy_config={"partial": partial},
    )
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(spec)
    assert fault in refused.value.errors["strategy_config.partial"]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"warm_up": 25, "epochs": 25}, "warm_up"),
        ({"weights_portion": 0.99}, "weights_portion"),
    ],
)
def test_settings_that_leave_nothing_for_the_architecture_are_refused(settings, field):
    with pytest.raises(InvalidSettings) as refused:
        make_search(**settings)
    assert list(refused.value.errors) == [field]

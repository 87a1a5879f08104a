"""Searches with a proxy as filter and as objective."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.estimators.tables import nb201_layout
from nasengine.execution import assembly
from nasengine.execution.loop import run
from tests.fixtures.tables import write_table

FILTERED = SearchSpec(
    space="nb201",
    space_config={"cells": 1, "channels": 2},
    estimator_config={"epochs": 1, "batch_size": 40, "threads": 1},
    dataset_config={"limit": 80},
    strategy="random",
    objectives=("error", "params", "synflow"),
    candidates=10,
    seed=5,
    proxy="synflow",
    proxy_keep=0.3,
    proxy_first=5,
    proxy_correlation=-1.0,
    proxy_checks=4,
)


@pytest.fixture(scope="module")
def searched():
    events = []
    return run(assembly.check(FILTERED), emit=events.append), events


def test_low_scores_are_not_trained_and_do_not_count(searched):
    result, _ = searched
    dropped = [c for c in result.candidates if c.state == "pruned"]
    assert dropped and len(result.candidates) - len(dropped) == FILTERED.candidates
    for candidate in dropped:
        assert "below the filter's floor" in candidate.outcome.reason
        assert "error" not in candidate.values
        assert candidate.number >= 5 and candidate.number % 4
    assert all(candidate.values["synflow"] > 0 for candidate in result.candidates)


def test_the_filter_says_when_it_is_switched(searched):
    _, events = searched
    logs = [event for event in events if event.kind == "log"]
    assert [log.number for log in logs] == [4]
    assert logs[0].item["text"].startswith("filter switched on: the rank correlation of synflow")


def test_an_interrupted_search_ends_with_the_same(searched):
    result, _ = searched
    history = [(c.proposal, c.outcome) for c in itertools.islice(result.candidates, 8)]
    again = run(assembly.check(FILTERED), history=history)
    found, before = (
        [(c.proposal, c.state, c.values) for c in one.candidates] for one in (again, result)
    )
    assert found == before


def test_equal_networks_have_equal_scores(searched):
    result, _ = searched
    by_id = {}
    for candidate in result.candidates:
        score = candidate.values["synflow"]
        assert by_id.setdefault(candidate.proposal.architecture.id, score) == score


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimator": "table", "dataset": "cifar10", "estimator_config": {}}, "builds no network"),
        ({"space": "recurrent-cell", "dataset": "pydoc-text", "space_config": {}}, "read images"),
        ({"strategy": "darts", "space": "cell", "space_config": {}}, "trains a supernet"),
    ],
)
def test_a_filter_that_does_not_fit_is_refused(changes, message):
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(dataclasses.replace(FILTERED, **changes))
    assert message in refused.value.errors["proxy"]


def test_an_ensemble_is_no_objective():
    with pytest.raises(InvalidSettings, match="use az_expressivity"):
        assembly.check(dataclasses.replace(FILTERED, objectives=("error", "az_nas")))


def test_settings_of_older_releases_are_those_without_a_filter():
    assert "proxy" not in SearchSpec().to_json()
    assert SearchSpec.from_json(FILTERED.to_json()) == FILTERED


WARM = dataclasses.replace(
    FILTERED,
    strategy="bayesian",
    objectives=("error",),
    strategy_config={"warm_up": 3, "sampled": 3, "warm_start": "synflow"},
    candidates=4,
    in_flight=2,
    proxy="off",
)


def test_a_warm_start_trains_the_best_of_the_scored_architectures():
    result = run(assembly.check(WARM))
    scored = [c for c in result.candidates if c.proposal.origin == "estimate"]
    assert len(scored) == 9 and {c.state for c in scored} == {"pruned"}
    assert scored[0].outcome.reason == (
        "estimated by synflow to choose the first candidates, not trained"
    )
    best = sorted(scored, key=lambda c: -c.values["synflow"])[:3]
    first = [c for c in result.candidates if c.proposal.origin == "synflow"]
    assert [c.proposal.architecture for c in first] == [c.proposal.architecture for c in best]
    assert len(result.candidates) == 9 + WARM.candidates
    history = [(c.proposal, c.outcome) for c in result.candidates[:5]]
    again = run(assembly.check(WARM), history=history)
    assert [c.proposal for c in again.candidates] == [c.proposal for c in result.candidates]


def test_a_restored_warm_start_goes_on_in_the_same_way():
    def asked(restored: bool) -> list[dict]:
        strategy, found = assembly.make_strategy(WARM), []
        for number in range(11):
            if restored and number in (4, 10):
                state = json.loads(json.dumps(strategy.state_dict(), allow_nan=False))
                strategy = assembly.make_strategy(WARM)
                strategy.load_state_dict(state)
            proposal = strategy.ask()
            found.append(proposal.to_json())
            value = Measurement("synflow", float(number % 5), "")
            pruned = Outcome(number, "pruned", (value,), "estimated")
            strategy.tell(pruned if proposal.screen else Outcome(number, "failed", reason="broken"))
        return found

    assert asked(True) == asked(False)


LOOKED_UP = SearchSpec(
    space="nb201",
    strategy="bayesian",
    strategy_config={"warm_up": 4, "sampled": 5, "warm_start": "synflow", "pool": 20},
    estimator="table",
    dataset="cifar10",
    objectives=("error",),
    candidates=9,
    seed=3,
)
COLUMNS = ("error=c10_val_acc_200:100-x:%", "synflow=c10_flops:x::higher")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return str(write_table(tmp_path_factory.mktemp("tables") / "scored.csv"))


def test_scores_can_be_columns_of_a_table(table):
    settings = {"path": table, "architecture": "arch_str", "columns": COLUMNS}
    spec = assembly.check(dataclasses.replace(LOOKED_UP, estimator_config=settings))
    candidates = run(spec).candidates
    scored = [c for c in candidates if c.proposal.origin == "estimate"]
    assert len(scored) == 20 and {c.state for c in scored} == {"pruned"}
    assert {set(c.values) == {"synflow"} for c in scored} == {True}
    best = sorted(scored, key=lambda c: -c.values["synflow"])[:4]
    first = [c for c in candidates if c.proposal.origin == "synflow"]
    assert [c.proposal.architecture for c in first] == [c.proposal.architecture for c in best]
    # The rest is chosen by a process that knows the scores; a restored one chooses the same.
    assert [c.proposal.origin for c in candidates[24:]] == ["surrogate"] * 5
    history = [(c.proposal, c.outcome) for c in candidates[:26]]
    assert [c.proposal for c in run(spec, history=history).candidates] == [
        c.proposal for c in candidates
    ]


def test_a_table_without_the_scores_is_refused(table):
    spec = dataclasses.replace(LOOKED_UP, estimator_config={"path": table})
    with pytest.raises(InvalidSettings, match="the table has no column with synflow"):
        assembly.check(spec)
    with pytest.raises(InvalidSettings, match="no column with az_expressivity, az_progressivity"):
        assembly.check(dataclasses.replace(spec, strategy_config={"warm_start": "az_nas"}))


def test_columns_with_the_names_of_proxies_are_scores():
    header = ("arch_str", "c10_val_acc_200", "c10_flops", "az_trainability", "az_nas", "other")
    columns = nb201_layout.objectives(header, "cifar10")
    found = {column.objective: column.better for column in columns}
    # An ensemble ranks a set of networks: its parts are columns.
    assert found == {"error": "lower", "macs": "lower", "az_trainability": "higher"}


def test_a_warm_start_by_a_proxy_needs_images():
    text = {"space": "recurrent-cell", "dataset": "pydoc-text", "objectives": ("perplexity",)}
    text |= {"space_config": {}, "estimator_config": {}, "dataset_config": {}}
    with pytest.raises(InvalidSettings, match="do not fit recurrent-cell"):
        assembly.check(dataclasses.replace(WARM, **text))

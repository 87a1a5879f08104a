"""Strategy states saved by commit 813a27a load, and the same proposals follow from them.

Later versions of dpp-net end a stage before they plan the next (with candidates in flight the
earlier ones lost lineages), so only the rest of the saved stage is the same.
"""

from __future__ import annotations

from typing import Any

import pytest

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome

from .current import ask, checked, strategy_of, tell
from .samples import SAMPLES, read_json, same

NAMES = sorted(path.name.removesuffix(".json.gz") for path in (SAMPLES / "states").iterdir())
CASES = [
    pytest.param(case, id=f"{name}-{place}-{case['question']['space']}")
    for name in NAMES
    for place, case in enumerate(read_json(f"states/{name}.json.gz"))
]


@pytest.mark.parametrize("case", CASES)
def test_a_saved_state_continues_with_the_same_proposals(case):
    assert same(checked(case["question"]), case["question"], more=True)
    strategy = strategy_of(case["question"], case["state"])
    for kind, item in case["steps"]:
        if kind == "ask":
            proposal = ask(strategy)
            if proposal is None and case["question"]["strategy"] == "dpp-net":
                break
            if proposal is not None and case["question"]["strategy"] == "darts":
                # Since then a derivation under constraints also gets the alphas it starts from.
                proposal["note"].pop("alphas", None)
            assert same(proposal, item), (proposal, item)
        else:
            tell(strategy, item)


@pytest.mark.parametrize("case", [case for case in CASES if case.id.startswith("dpp-net")])
def test_a_saved_state_of_dpp_net_continues_with_the_next_stages(case):
    strategy = strategy_of(case["question"], case["state"])
    open_ = [proposal["number"] for proposal in case["state"]["ledger"]["pending"]]
    asked = case["state"]["ledger"]["asked"]
    stage, last = len(case["state"]["stages"]) - 1, asked + 20
    while asked < last:
        proposal = ask(strategy)
        if proposal is None:  # it waits for the candidates in flight, those of the sample included
            tell(strategy, done(open_.pop(0), case["question"]))
            continue
        assert proposal["number"] == asked
        assert proposal["note"]["stage"] >= stage
        stage, asked = proposal["note"]["stage"], asked + 1
        open_.append(proposal["number"])
    assert stage > len(case["state"]["stages"]) - 1
    assert any(row["how"] in ("growth", "mutation") for row in strategy.view()["stages"])


def done(number: int, question: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome with made-up values in the form of the samples."""
    values = {name: 7 * number % 10 + i for i, name in enumerate(question["objectives"])}
    measurements = (Measurement(name, float(value), "") for name, value in values.items())
    return Outcome(number, "done", tuple(measurements)).to_json()


def test_the_samples_hold_every_strategy_of_that_version_and_every_kind_of_outcome():
    assert NAMES == [
        "darts", "dpp-net", "enas", "local-search", "monas", "nsga2", "random", "random-sharing",
        "regularised-evolution", "renas", "topology-evolution",
    ]  # fmt: skip
    steps = [step for case in CASES for step in case.values[0]["steps"]]
    assert {item["state"] for kind, item in steps if kind == "tell"} == {
        "done", "trained", "pruned", "diverged", "failed", "cancelled",
    }  # fmt: skip

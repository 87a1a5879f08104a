"""Strategy states saved by commit 813a27a load, and the same proposals follow from them."""

from __future__ import annotations

import pytest

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
            assert same(proposal, item), (proposal, item)
        else:
            tell(strategy, item)


def test_the_samples_hold_every_strategy_of_that_version_and_every_kind_of_outcome():
    assert NAMES == [
        "darts", "dpp-net", "enas", "local-search", "monas", "nsga2", "random", "random-sharing",
        "regularised-evolution", "renas", "topology-evolution",
    ]  # fmt: skip
    steps = [step for case in CASES for step in case.values[0]["steps"]]
    assert {item["state"] for kind, item in steps if kind == "tell"} == {
        "done", "trained", "pruned", "diverged", "failed", "cancelled",
    }  # fmt: skip

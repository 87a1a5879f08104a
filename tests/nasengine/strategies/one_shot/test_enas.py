"""Strategy `enas`: the history of the policy, and findings that do not fit the space."""

from __future__ import annotations

import pytest

from tests.fixtures.supernet_searches import make_search, trained

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|"


def test_snapshots_hold_probabilities_and_the_most_probable_cell():
    strategy = make_search("enas", proofs=2)
    uniform = [[0.2] * 5] * 6
    certain = [[0.0, 0.0, 0.0, 1.0, 0.0]] * 6
    strategy.tell(trained(strategy.ask(), policy=uniform, best=CELL))
    strategy.tell(trained(strategy.ask(), policy=certain, best=CELL))
    view = strategy.view()
    first, second = view["frames"]
    assert first["weights"]["operations"] == [[200] * 5] * 6
    assert second["weights"]["operations"][0] == [0, 0, 0, 1000, 0]
    edges = first["edges"]["cell"]
    assert [edge[:2] for edge in edges] == [["0", "1"], ["0", "2"], ["0", "3"]]
    operations = [first["operations"][edge[2]]["op"] for edge in edges]
    assert operations == ["nor_conv_3x3", "nor_conv_3x3", "skip_connect"]
    assert view["drawing"]["heat"][0]["columns"][3] == "nor_conv_3x3"
    assert view["course"][0]["skips"] == {"cell": 0.333}


@pytest.mark.parametrize(
    "malformed",
    [
        {"policy": [[0.2] * 5] * 5},
        {"policy": [[0.2] * 4] * 6},
        {"policy": [[2.0] + [0.0] * 4] * 6},
        {"policy": [[float("nan")] * 5] * 6},
        {"best": "|nothing~0|"},
        {"best": None},
    ],
)
def test_a_malformed_policy_counts_as_a_failure(malformed):
    strategy = make_search("enas")
    strategy.tell(trained(strategy.ask(), **malformed))
    assert strategy.view()["epoch"] == 0
    assert strategy.ask().note["epoch"] == 0  # the same epoch again


def test_a_well_formed_policy_ends_the_epoch():
    strategy = make_search("enas")
    strategy.tell(trained(strategy.ask()))
    assert strategy.view()["epoch"] == 1

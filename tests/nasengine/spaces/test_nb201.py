"""Space `nb201`: strings, neighbours, and the network of the benchmark."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from nasengine.core.architecture import Architecture
from nasengine.core.errors import InvalidArchitecture, InvalidSettings
from nasengine.core.settings import from_mapping, to_mapping
from nasengine.objectives.macs import Macs
from nasengine.objectives.params import Params
from nasengine.spaces.nb201.genome import EDGES, OPS, arch_str, parse, to_string
from nasengine.spaces.nb201.space import NB201Config, NB201Space

SPACE = NB201Space(NB201Config())
BEST = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)


def test_all_strings_parse_print_and_are_enumerated_in_order():
    everything = list(SPACE.enumerate())
    assert len(everything) == SPACE.size() == 15_625
    strings = [architecture.genome for architecture in everything]
    assert len(set(strings)) == 15_625
    assert [parse(text) for text in strings] == list(itertools.product(OPS, repeat=6))
    assert strings[0] == "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    assert strings[1].endswith("|none~1|skip_connect~2|")


def test_a_string_lists_the_operations_edge_by_edge():
    ops = parse(BEST)
    assert dict(zip(EDGES, ops, strict=True)) == {
        (0, 1): "nor_conv_3x3",
        (0, 2): "nor_conv_3x3",
        (1, 2): "nor_conv_3x3",
        (0, 3): "skip_connect",
        (1, 3): "nor_conv_3x3",
        (2, 3): "nor_conv_1x1",
    }
    assert to_string(ops) == BEST == arch_str(SPACE.parse(BEST)) == SPACE.text(SPACE.parse(BEST))


def test_spaces_are_ignored_by_parse_and_refused_by_validate():
    loose = " | nor_conv_3x3~0 | + " + BEST.split("+", 1)[1]
    assert SPACE.parse(loose).genome == BEST
    with pytest.raises(InvalidArchitecture, match="extra spaces or bars"):
        SPACE.validate(type(SPACE.parse(BEST))("nb201", {}, loose))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|none~0|",
        None,
        7,
        ["none"] * 6,
        BEST.replace("nor_conv_1x1", "nor_conv_5x5"),
        BEST.replace("nor_conv_1x1~2", "nor_conv_1x1~1"),
        BEST.replace("~2", ""),
        BEST + "+|none~0|",
        BEST.replace("+", ""),
        "+" * 10_000,
        "|~0|+|~0|~1|+|~0|~1|~2|",
    ],
)
def test_other_strings_are_refused_with_a_message_of_one_line(text):
    with pytest.raises(InvalidArchitecture) as refused:
        parse(text)
    assert "must read |op~0|+|op~0|op~1|+|op~0|op~1|op~2|" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_neighbours_are_the_24_with_one_other_operation():
    centre = SPACE.parse(BEST)
    around = list(SPACE.neighbours(centre))
    assert len(set(around)) == 24
    for other in around:
        pairs = zip(parse(other.genome), parse(BEST), strict=True)
        assert sum(one != two for one, two in pairs) == 1


def test_the_encoding_is_one_hot():
    code = SPACE.encode(SPACE.parse(BEST)).reshape(6, 5)
    assert (code.sum(1) == 1).all()
    assert [OPS[i] for i in code.argmax(1)] == list(parse(BEST))


def test_samples_use_every_operation_equally_often():
    rng = np.random.default_rng(0)
    drawn = [op for _ in range(2000) for op in parse(SPACE.sample(rng).genome)]
    assert all(abs(drawn.count(op) - 2400) < 250 for op in OPS)


def test_the_drawing_has_six_edges_none_included():
    cell = SPACE.graph(SPACE.parse("|none~0|+" + BEST.split("+", 1)[1]))["cells"][0]
    assert [node["role"] for node in cell["nodes"]] == ["input", "node", "node", "output"]
    assert [(int(e["source"]), int(e["target"])) for e in cell["edges"]] == list(EDGES)
    assert [e["family"] for e in cell["edges"]] == ["none", "conv", "conv", "skip", "conv", "conv"]


@pytest.mark.parametrize(
    ("text", "params", "macs"),
    [
        (to_string(["nor_conv_3x3"] * 6), 1_531_546, 220_119_680),
        (to_string(["skip_connect"] * 6), 73_306, 7_783_040),
        (BEST, 1_073_466, 153_272_960),
        # The benchmark's own records 0 and 1; its counter adds the 10 biases of the classifier.
        (
            "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|"
            "+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
            129_306,
            15_647_370 - 10,
        ),
        (
            "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
            "+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
            802_426,
            113_951_370 - 10,
        ),
        # Residual blocks have weights even if the output of all cells is zero.
        (to_string(["none"] * 6), 73_306, 7_783_040),
    ],
)
def test_counts_of_the_benchmark(text, params, macs):
    network = SPACE.build(SPACE.parse(text), (3, 32, 32), 10)
    assert Params().measure(network, (3, 32, 32), None).value == params
    assert Macs().measure(network, (3, 32, 32), None).value == macs


def test_each_further_class_adds_one_row():
    network = SPACE.build(SPACE.parse(BEST), (3, 32, 32), 100)
    assert Params().measure(network, (3, 32, 32), None).value == 1_073_466 + 90 * 65


def test_the_output_of_a_cell_without_operations_is_zero():
    network = SPACE.build(SPACE.parse(to_string(["none"] * 6)), (3, 8, 8), 10).eval()
    with torch.no_grad():
        logits = network(torch.randn(4, 3, 8, 8))
    assert torch.allclose(logits, logits[:1].expand(4, -1), atol=1e-6)


def test_a_node_is_the_sum_of_its_edges():
    from nasengine.spaces.nb201.network import Cell

    x = torch.randn(2, 4, 5, 5)
    skips = tuple(("skip_connect", ends) for ends in EDGES)
    # node 1 = x, node 2 = x + x, node 3 = x + x + 2x
    assert torch.allclose(Cell(skips, 4)(x, 0.0), 4 * x)
    through = (
        ("none", (0, 1)),
        ("none", (0, 2)),
        ("skip_connect", (1, 2)),
        ("none", (0, 3)),
        ("none", (1, 3)),
        ("skip_connect", (2, 3)),
    )
    assert torch.equal(Cell(through, 4)(x, 0.0), torch.zeros_like(x))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 9), (1, 28, 28)])
def test_odd_sides_build_and_run(shape):
    small = NB201Space(NB201Config(cells=1, channels=2))
    network = small.build(small.parse(BEST), shape, 5, auxiliary=True)
    logits, second = network(torch.randn(2, *shape))
    assert logits.shape == second.shape == (2, 5)


def test_an_architecture_of_another_size_is_refused_until_resized():
    large = NB201Space.resized(SPACE.parse(BEST), cells=1, channels=4)
    assert large.config == {"cells": 1, "channels": 4}
    assert large.genome == BEST
    with pytest.raises(InvalidArchitecture, match="cells is 1, but this space has 5"):
        SPACE.validate(large)


FOUR = tuple(op for op in OPS if op != "avg_pool_3x3")


def test_fewer_operations_leave_a_smaller_space_of_the_same_strings():
    small = NB201Space(NB201Config(operations=FOUR))
    everything = list(small.enumerate())
    assert len(everything) == small.size() == 4**6
    assert {op for one in everything for op in parse(one.genome)} == set(FOUR)
    rng = np.random.default_rng(0)
    first, second = small.sample(rng), small.sample(rng)
    for one in (first, small.mutate(first, rng), small.crossover(first, second, rng)):
        small.validate(one)
        assert small.from_choices(small.choices(one)) == one
        assert small.encode(one).shape == (24,)
        assert all(decision.options == FOUR for decision in small.decisions())
    assert len(list(small.neighbours(first))) == 6 * 3
    everywhere = small.discretise({"cell": np.eye(4)[[3] * 6].tolist()})
    assert set(parse(everywhere.genome)) == {"nor_conv_3x3"}


def test_an_operation_left_out_is_refused():
    small = NB201Space(NB201Config(operations=FOUR))
    pooled = Architecture("nb201", to_mapping(small.config), to_string(["avg_pool_3x3"] * 6))
    with pytest.raises(
        InvalidArchitecture, match=r"avg_pool_3x3 is not an operation .* choose one of none"
    ):
        small.validate(pooled)
    with pytest.raises(InvalidSettings, match="at least two different operations"):
        NB201Config(operations=("none",))


def test_architectures_of_all_operations_keep_the_ids_they_had_before_the_setting():
    assert to_mapping(SPACE.config) == {"cells": 5, "channels": 16}
    assert SPACE.parse(BEST).config == {"cells": 5, "channels": 16}
    assert NB201Space.resized(SPACE.parse(BEST), cells=1).config == {"cells": 1, "channels": 16}
    small = NB201Config(operations=FOUR)
    assert from_mapping(NB201Config, to_mapping(small)) == small
    with pytest.raises(InvalidArchitecture, match="operations is"):
        NB201Space(small).validate(SPACE.parse(BEST))
    named = Architecture("nb201", {**to_mapping(SPACE.config), "operations": list(OPS)}, BEST)
    SPACE.validate(named)

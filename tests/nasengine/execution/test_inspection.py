"""Tables of whole networks, and inspections that compare a rebuilt network with what was known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from nasengine.catalog import load
from nasengine.core.architecture import Architecture
from nasengine.execution.building import build, space_of
from nasengine.execution.description import describe
from nasengine.execution.inspection import input_of, inspect
from nasengine.execution.network_folder import StoredNetwork, save_network
from nasengine.execution.network_table import network_table
from tests.fixtures.spaces import NETWORK_SPACES, samples, shape_of
from tests.fixtures.spaces import space_of as default_space

SMALL = {"cells": 3, "layers": 3, "stages": (2, 3), "channels": 4, "nodes": 3, "blocks": 2}


def small_space(name):
    """A space whose networks are small; settings that it does not have are left out."""
    space_class = load("spaces", name)
    fields = space_class.Config.__dataclass_fields__
    sizes = {key: value for key, value in SMALL.items() if key in fields}
    if name == "dense-cell":
        sizes |= {"stages": 2, "layers": 4}
    elif name == "mobile-chain":
        sizes |= {"stages": 2}
    return space_class(space_class.Config(**sizes))


@pytest.mark.parametrize("name", NETWORK_SPACES)
def test_the_parts_of_a_network_add_up_to_its_costs(name):
    space = small_space(name)
    (architecture,) = samples(space, 1, seed=2)
    table = network_table(architecture, shape_of(space), 10)
    whole = describe("", architecture, shape_of(space), 10)
    assert (table.params, table.macs) == (whole.params, whole.macs)
    assert sum(part.params for part in table.parts) == whole.params
    assert sum(part.macs for part in table.parts) == whole.macs
    for part in table.parts:
        assert sum(inner.params for inner in part.parts) <= part.params
        assert sum(inner.macs for inner in part.parts) <= part.macs
    assert len(json.dumps(table.to_json(), allow_nan=False)) < 50_000


def test_parts_are_in_the_order_in_which_they_run():
    table = network_table(samples(small_space("nb201"), 1)[0], (1, 8, 8), 10)
    names = [part.name.partition(".")[0] for part in table.parts]
    stages = ["stages"] * 3
    assert names == [
        "stem", *stages, "reductions", *stages, "reductions", *stages, "head", "classifier"
    ]  # fmt: skip


def test_operations_have_their_names_and_shapes():
    space = load("spaces", "nb201")(load("spaces", "nb201").Config(cells=1, channels=4))
    cell = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|none~2|"
    table = network_table(space.parse(cell), (3, 16, 16), 7)
    first = next(part for part in table.parts if part.name == "stages.0.0")
    assert [part.kind for part in first.parts] == ["nor_conv_3x3", "avg_pool_3x3", "skip_connect"]
    assert (first.inputs, first.outputs) == ([4, 16, 16], [4, 16, 16])
    convolution = first.parts[0]
    assert (convolution.params, convolution.macs) == (4 * 4 * 9 + 8, 16 * 16 * 4 * 4 * 9)
    assert table.parts[-1].params == 16 * 7 + 7


@pytest.fixture
def trained(tmp_path) -> tuple[Architecture, Path]:
    """A stored network of one small cell."""
    space = load("spaces", "nb201")(load("spaces", "nb201").Config(cells=1, channels=2))
    cell = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
    architecture = space.parse(cell)
    network = build(architecture, (1, 8, 8), 3, seed=4)
    stored = StoredNetwork(
        architecture, (1, 8, 8), 3, "images", None, None,
        {"name": "digits", "config": {}, "digest": ""}, {"name": "quick", "settings": {}},
        0, "test",
    )  # fmt: skip
    save_network(network, stored, tmp_path / "network")
    return architecture, tmp_path / "network"


def test_counts_that_differ_are_problems():
    (architecture,) = samples(small_space("cell"), 1)
    facts = describe("", architecture, (1, 8, 8), 10)
    known = {"params": facts.params, "macs": facts.macs, "error": 5.0}
    assert inspect(architecture, (1, 8, 8), 10, expected=known).problems == []
    found = inspect(architecture, (1, 8, 8), 10, expected={**known, "params": 1_234_567.0})
    assert found.problems == [
        f"params of the rebuilt network: {facts.params:,} instead of 1,234,567"
    ]
    assert found.counts == {"params": facts.params, "macs": facts.macs}


def test_what_cannot_be_rebuilt_is_a_problem():
    (architecture,) = samples(default_space("cell"), 1)
    broken = Architecture("cell", architecture.config, {"normal": 1})
    (problem,) = inspect(broken, (1, 8, 8), 10).problems
    assert problem.startswith("cannot be rebuilt: the genome is")


def test_outputs_of_a_stored_network_are_compared_with_those_of_the_first_check(trained):
    architecture, folder = trained
    first = inspect(architecture, (1, 8, 8), 3, folder=folder)
    assert first.problems == []
    assert len(first.outputs["values"]) == 2 * 3
    again = inspect(architecture, (1, 8, 8), 3, folder=folder, before=first.outputs)
    assert again.problems == []
    assert again.outputs["largest"] == 0.0
    moved = {**first.outputs, "values": [v + 1.0 for v in first.outputs["values"]]}
    (problem,) = inspect(architecture, (1, 8, 8), 3, folder=folder, before=moved).problems
    assert problem.startswith("outputs of the stored network differ from those of the first check")
    other = {**moved, "sha256": "another network"}
    assert inspect(architecture, (1, 8, 8), 3, folder=folder, before=other).problems == []


def test_a_damaged_network_is_a_problem(trained):
    architecture, folder = trained
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    (problem,) = inspect(architecture, (1, 8, 8), 3, folder=folder).problems
    assert problem.startswith("the stored network cannot be loaded")


def test_the_input_of_a_data_set_is_found_or_has_a_default():
    image, text = (samples(default_space(name), 1)[0] for name in ("cell", "recurrent-cell"))
    assert input_of(image, "digits", {}) == ((1, 8, 8), 10)
    assert input_of(image, "imagenet16-120", {}) == ((3, 16, 16), 120)
    assert input_of(image, "", {}) == ((3, 32, 32), 10)
    assert input_of(text, "nowhere", {})[0] == (1,)
    assert space_of(text).data_kind == "text"
    assert torch.get_default_dtype() == torch.float32

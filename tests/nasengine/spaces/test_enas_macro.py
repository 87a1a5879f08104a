"""Space `enas-macro`: counts by hand, one architecture in the supernet, rules of the genome."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.core.architecture import Architecture
from nasengine.core.errors import InvalidArchitecture, InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.objectives.macs import Macs
from nasengine.spaces.enas_macro.config import MACRO_OPERATIONS, EnasMacroConfig
from nasengine.spaces.enas_macro.genome import reduced, stage
from nasengine.spaces.enas_macro.space import EnasMacroSpace
from tests.fixtures.spaces import check_graph

CONV3, SEP3, CONV5, SEP5, AVG, MAX = MACRO_OPERATIONS


def space_of(**settings):
    return EnasMacroSpace(from_mapping(EnasMacroConfig, settings))


def layers_of(*pairs):
    return [{"op": op, "skips": list(skips)} for op, skips in pairs]


def parameters(network):
    return sum(p.numel() for p in network.parameters())


THREE = layers_of((CONV3, []), (SEP3, [0]), (MAX, [1]))


def test_parameters_by_hand():
    """Layers of 4, 8 and 16 channels; the stem is halved once, layer 1 twice, layer 2 once."""
    space = space_of(layers=3, channels=4)
    network = space.build(space.architecture(THREE), (1, 8, 8), 5)
    stem = 9 * 4 + 8
    first = 9 * 4 * 4 + 8
    halvings = 2 * (4 * 8 + 16) + 2 * (8 * 16 + 32)
    second = 2 * (8 * 9 + 8 * 8 + 16) + (16 * 8 + 16)
    third = 32 * 16 + 32
    assert parameters(network) == stem + first + halvings + second + third + 16 * 5 + 5


def test_parameters_of_the_supernet_by_hand():
    space = space_of(layers=3, channels=4)
    network = space.build(space.supernet(), (1, 8, 8), 5)
    operations = sum(
        9 * c * c + 2 * (9 * c + c * c) + 25 * c * c + 2 * (25 * c + c * c) for c in (4, 8, 16)
    )
    halvings = 2 * (4 * 8 + 16) + 3 * (8 * 16 + 32)  # stem and layer 1 twice, layer 2 once
    assert parameters(network) == 9 * 4 + 8 + operations + halvings + 16 * 5 + 5
    assert network.architecture_parameters() == []
    assert sum(p.numel() for p in network.weight_parameters()) == parameters(network)
    assert not list(network.buffers())


def test_the_network_of_the_paper_halves_after_one_and_two_thirds():
    config = EnasMacroConfig(layers=12, channels=36)
    assert config.reductions == (4, 8)  # the code's layers 3 and 7, from 0
    assert [stage(number, config.reductions) for number in (0, 4, 5, 8, 9, 12)] == [
        0, 0, 1, 1, 2, 2
    ]  # fmt: skip
    assert EnasMacroSpace(config).size() == 6**12 * 2**66
    plain = layers_of(*[(CONV3, [])] * 12)
    assert reduced(plain, config.reductions) == [(4, 1), (8, 2)]
    plain[11]["skips"] = [0, 5]
    assert reduced(plain, config.reductions) == [(0, 1), (0, 2), (4, 1), (5, 2), (8, 2)]


def test_a_stand_alone_network_concatenates_and_projects():
    torch.manual_seed(0)
    space = space_of(layers=3, channels=4)
    network = space.build(space.architecture(THREE), (1, 8, 8), 5).double().eval()
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        stem = network.stem(x)[1]
        one = network.layers[0].operation(stem)
        stem, one = network.reductions["0_1"](stem), network.reductions["1_1"](one)
        two = network.layers[1].squeeze(torch.cat([network.layers[1].operation(one), stem], 1))
        one, two = network.reductions["1_2"](one), network.reductions["2_2"](two)
        three = torch.cat([functional.max_pool2d(two, 3, 1, 1), one], 1)
        three = network.layers[2].squeeze(three)
        expected = network.classifier(three.mean(dim=(2, 3)))
        assert torch.allclose(network(x), expected, atol=1e-12)
    assert set(network.reductions) == {"0_1", "1_1", "1_2", "2_2"}


def norm(x):
    return functional.batch_norm(x, None, None, training=True)


def operate(fan, op, x):
    """Apply an operation of a layer with torch's own functions."""
    if op == MAX:
        return norm(functional.max_pool2d(x, 3, 1, 1))
    if op == AVG:
        return norm(functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
    one = fan.operations[op]
    if op in (CONV3, CONV5):
        return norm(functional.conv2d(x.relu(), one.weight, padding=one.weight.shape[-1] // 2))
    for deep, flat in (
        (one.depthwise, one.pointwise),
        (one.depthwise_again, one.pointwise_again),
    ):
        padding = deep.shape[-1] // 2
        x = functional.conv2d(x.relu(), deep, padding=padding, groups=x.shape[1])
        x = norm(functional.conv2d(x, flat))
    return x


def reference(network, x, layers):
    """Run an architecture and halve all values, whether they are read or not."""
    values = {0: network.stem(x)[1]}
    for number, layer in enumerate(layers, start=1):
        if number - 1 in network.halved_after:
            n = network.halved_after.index(number - 1) + 1
            values = {v: network.reductions[f"{v}_{n}"](y) for v, y in values.items()}
        y = operate(network.layers[number - 1], layer["op"], values[number - 1])
        for value in layer["skips"]:
            y = y + values[value]
        values[number] = norm(y) if number > 1 else y
    return network.classifier(values[len(layers)].mean(dim=(2, 3)))


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 9, 7)])
def test_one_architecture_is_the_sum_of_its_operations_and_skips(shape):
    torch.manual_seed(0)
    space, rng = space_of(layers=6, channels=4), np.random.default_rng(0)
    network = space.build(space.supernet(), shape, 5).double()
    x = torch.randn(8, *shape, dtype=torch.float64)
    for architecture in [space.sample(rng) for _ in range(8)]:
        with torch.no_grad():
            found = network.forward_architecture(x, space.choices(architecture))
            expected = reference(network, x, architecture.genome["layers"])
        assert torch.allclose(found, expected, atol=1e-9)


def test_one_architecture_gives_gradients_only_to_what_it_uses():
    torch.manual_seed(1)
    space = space_of(layers=3, channels=4)
    network = space.build(space.supernet(), (1, 8, 8), 5)
    chosen = space.choices(space.architecture(THREE))
    network.forward_architecture(torch.randn(4, 1, 8, 8), chosen).square().sum().backward()
    given = {name for name, p in network.named_parameters() if p.grad is not None}
    inside = {name.rsplit(".", 1)[0] for name in given if name.startswith("layers.")}
    assert inside == {"layers.0.operations.nor_conv_3x3", "layers.1.operations.sep_conv_3x3"}
    assert {name.split(".")[1] for name in given if name.startswith("reductions.")} == {
        "0_1", "1_1", "1_2", "2_2"
    }  # fmt: skip


def test_the_supernet_costs_more_than_its_largest_architecture():
    space = space_of(layers=4, channels=4)
    network = space.build(space.supernet(), (1, 8, 8), 5)
    assert network(torch.randn(2, 1, 8, 8)).shape == (2, 5)
    whole = Macs().measure(network, (1, 8, 8), None).value
    widest = space.architecture(layers_of(*((CONV5, range(number)) for number in range(4))))
    largest = Macs().measure(space.build(widest, (1, 8, 8), 5), (1, 8, 8), None).value
    assert whole > largest


def test_the_drawing_has_the_skips():
    space = space_of(layers=3)
    edges = space.graph(space.architecture(THREE))["cells"][0]["edges"]
    assert [(one["source"], one["target"], one["op"]) for one in edges] == [
        ("stem", "1", CONV3), ("1", "2", SEP3), ("stem", "2", "skip_connect"),
        ("2", "3", MAX), ("1", "3", "skip_connect"),
    ]  # fmt: skip
    assert space.text(space.architecture(THREE)) == "1=conv3 2=sep3+0 3=max+1"


def test_decisions_are_an_operation_and_a_skip_for_each_earlier_value():
    space = space_of(layers=3)
    decisions = space.decisions()
    assert [one.kind for one in decisions] == ["op", "op", "skip", "op", "skip", "skip"]
    assert [one.block for one in decisions] == [0, 1, 1, 2, 2, 2]
    assert [one.sources for one in decisions if one.kind == "skip"] == [(-1,), (-1,), (0,)]
    assert space.choices(space.architecture(THREE)) == (0, 1, 1, 5, 0, 1)


def test_the_supernet_is_an_architecture():
    space = space_of()
    supernet = space.supernet()
    space.validate(supernet)
    check_graph(space.graph(supernet))
    assert len(space.graph(supernet)["cells"][0]["edges"]) == 6 * 6 + 15
    with pytest.raises(InvalidArchitecture, match=r"must be .*in this space"):
        space.validate(Architecture(space.name, {}, {"shared": True, "partial": 2}))


@pytest.mark.parametrize(
    ("number", "layer", "message"),
    [
        (1, {"op": CONV3, "skips": [0]}, "must be an empty list"),
        (3, {"op": CONV3, "skips": [2]}, "from 0 to 1"),
        (3, {"op": CONV3, "skips": [1, 0]}, "ascending"),
        (3, {"op": CONV3, "skips": [0, 0]}, "each once"),
        (3, {"op": CONV3, "skips": [True]}, "from 0 to 1"),
        (2, {"op": "skip_connect", "skips": []}, "choose one of nor_conv_3x3"),
        (2, {"op": CONV3}, "an object with op and skips"),
    ],
)
def test_a_wrong_layer_is_named(number, layer, message):
    space = space_of(layers=3)
    wrong = [*THREE[: number - 1], layer, *THREE[number:]]
    with pytest.raises(InvalidArchitecture, match=message):
        space.validate(space.architecture(wrong))


def test_fewer_than_two_operations_are_refused():
    with pytest.raises(InvalidSettings, match="at least two"):
        space_of(operations=[CONV3])


def test_a_child_inherits_everything_except_what_changed():
    torch.manual_seed(0)
    space = space_of(layers=3, channels=4)
    parent = space.architecture(THREE)
    trained = space.build(parent, (1, 8, 8), 3)
    changed = layers_of((CONV3, []), (SEP5, [0]), (MAX, [0]))
    child = space.architecture(changed)
    network = space.build(child, (1, 8, 8), 3)
    copied = space.inherit(child, network, parent, trained.state_dict())
    lost = sum(
        p.numel()
        for name, p in network.named_parameters()
        # Another operation, other skips, and a value that was not halved twice before.
        if name.startswith(("layers.1.operation.", "layers.2.squeeze.", "reductions.0_2."))
    )
    assert copied == parameters(network) - lost

"""Recurrent cells: a step by hand, discretised alphas, the supernet and its parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.catalog import load
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError, InvalidArchitecture, InvalidSettings
from nasengine.objectives.macs import Macs
from nasengine.objectives.params import Params
from nasengine.spaces.layers.lstm_network import LSTMNetwork
from nasengine.spaces.layers.tied_embedding import dropout_mask
from nasengine.spaces.recurrent_cell import supernet as recurrent_supernet
from nasengine.spaces.recurrent_cell.config import RecurrentCellConfig
from nasengine.spaces.recurrent_cell.space import RecurrentCellSpace
from tests.fixtures.spaces import check_graph

DRY = {"word_dropout": 0.0, "input_dropout": 0.0, "hidden_dropout": 0.0, "output_dropout": 0.0}
WET = {"word_dropout": 0.2, "input_dropout": 0.2, "hidden_dropout": 0.2, "output_dropout": 0.2}


def space(**settings):
    return RecurrentCellSpace(RecurrentCellConfig(**{"hidden": 6, "nodes": 4, **DRY, **settings}))


def built(one, architecture, vocabulary=9, seed=0):
    """Build a network in float64, with weights large enough that no function is linear."""
    torch.manual_seed(seed)
    network = one.build(architecture, (1,), vocabulary).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return network


def sampled(one, seed=0):
    return one.sample(np.random.default_rng(seed))


@pytest.mark.parametrize(("output", "joined"), [("all", (1, 2, 3)), ("leaves", (1, 3))])
def test_a_step_is_the_formula_of_the_paper(output, joined):
    one = space(hidden=2, nodes=3, output=output)
    nodes = [["sigmoid", 0], ["relu", 0], ["tanh", 2]]
    network = built(one, one.architecture(nodes), vocabulary=3)
    weight, h = network.ends.weight, torch.tensor([[0.3, -0.8]]).double()
    logits, state = network(torch.tensor([[1]]), h)

    def half(x):  # gate and candidate
        return x[:, :2], x[:, 2:]

    c, t = half(torch.cat([weight[1:2], h], dim=1) @ network.start.T)
    s0 = h + torch.sigmoid(c) * (torch.tanh(t) - h)
    states = [s0]
    functions = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}
    for matrix, (name, source) in zip(network.matrices, nodes, strict=True):
        c, t = half(states[source] @ matrix.T)
        states.append(states[source] + torch.sigmoid(c) * (functions[name](t) - states[source]))
    expected = sum(states[number] for number in joined) / len(joined)
    assert torch.allclose(state, expected, atol=1e-12)
    assert torch.allclose(logits[0], expected @ weight.T + network.ends.bias, atol=1e-12)


def test_initial_weights_are_those_of_the_paper():
    one = space(hidden=100)
    torch.manual_seed(0)
    network = one.build(sampled(one), (1,), 500)
    assert not network.ends.bias.any()
    for name, parameter in network.named_parameters():
        if name != "ends.bias":
            assert 0.039 < float(parameter.detach().abs().max()) <= 0.04
            assert float(parameter.detach().std()) == pytest.approx(0.04 / math.sqrt(3), rel=0.02)


@pytest.mark.parametrize("pairs", [False, True])
def test_a_supernet_with_one_strong_function_for_each_edge_equals_that_architecture(pairs):
    one = space(pair_matrices=pairs)
    architecture = sampled(one)
    network = built(one, one.supernet())
    with torch.no_grad():
        network.alphas["cell"].zero_()
        network.alphas["cell"][:, 0] = 500.0
        for node, (function, source) in enumerate(architecture.genome["nodes"]):
            edge = node * (node + 1) // 2 + source
            network.alphas["cell"][edge, one.config.relaxed.index(function)] = 1000.0
    words = torch.randint(9, (5, 4))
    relaxed, state = network(words)
    chosen, end = network.forward_architecture(words, None, one.choices(architecture))
    assert torch.allclose(relaxed, chosen, atol=1e-10)
    assert torch.allclose(state, end, atol=1e-10)
    again, _ = network.forward_architecture(words, state, one.choices(architecture))
    assert not torch.allclose(again, chosen)
    alphas = {"cell": network.alphas["cell"].tolist()}
    assert one.discretise(alphas) == architecture


@pytest.mark.parametrize("pairs", [False, True])
def test_a_relaxed_node_is_the_sum_of_its_weighted_edges(pairs):
    """Compare with a slow form: every edge and every function, one after the other."""
    one = space(pair_matrices=pairs)
    network = built(one, one.supernet())
    words, h = torch.randint(9, (5, 1)), torch.randn(5, 6).double()

    def normal(x):
        return functional.batch_norm(x, None, None, training=True)

    shares = torch.softmax(network.alphas["cell"], dim=1)
    c, t = (torch.cat([network.ends.weight[words[:, 0]], h], dim=1) @ network.start.T).chunk(2, 1)
    states = [normal(h + torch.sigmoid(c) * (torch.tanh(t) - h))]
    edge = 0
    for node in range(1, 5):
        total = 0
        for source in range(node):
            matrix = network.matrices[node - 1]
            matrix = matrix[source] if pairs else matrix
            c, t = (states[source] @ matrix.T).chunk(2, 1)
            values = [torch.tanh(t), torch.relu(t), torch.sigmoid(t), t]
            for share, value in zip(shares[edge, 1:], values, strict=True):
                stepped = states[source] + torch.sigmoid(c) * (value - states[source])
                total = total + share * stepped
            edge += 1
        states.append(normal(total))
    _, state = network(words, h)
    assert torch.allclose(state, sum(states[1:]) / 4, atol=1e-10)


@pytest.mark.parametrize("output", ["all", "leaves"])
def test_an_architecture_in_the_supernet_equals_the_stand_alone_network_except_for_the_norms(
    monkeypatch, output
):
    one = space(output=output)
    architecture = sampled(one, 3)
    supernet, network = built(one, one.supernet()), built(one, architecture, seed=1)
    own = {name: p for name, p in supernet.state_dict().items() if not name.startswith("alphas.")}
    network.load_state_dict(own)
    words, state = torch.randint(9, (4, 7)), torch.randn(4, 6).double()
    monkeypatch.setattr(recurrent_supernet, "normalised", lambda x: x)
    found = supernet.forward_architecture(words, state, one.choices(architecture))
    for left, right in zip(found, network(words, state), strict=True):
        assert torch.allclose(left, right, atol=1e-10)


def test_the_parameters_of_a_supernet_are_alphas_and_weights():
    one = space(nodes=8)
    network = one.build(one.supernet(), (1,), 50)
    (alphas,) = network.architecture_parameters()
    assert alphas.shape == (36, 5)
    names = dict(network.named_parameters())
    assert len(network.weight_parameters()) == len(names) - 1
    assert [name for name in names if name.startswith("alphas.")] == ["alphas.cell"]
    assert not list(network.buffers())


def test_pair_matrices_give_each_pair_of_nodes_a_matrix_as_in_enas():
    params = []
    for own in (False, True):
        paired = space(pair_matrices=own)
        network = paired.build(paired.supernet(), (1,), 9)
        params.append(Params().measure(network, (1,), None).value)
    # Four nodes read 1 + 2 + 3 + 4 sources by 10 matrices instead of 4.
    assert params[1] - params[0] == 6 * 12 * 6


def test_dropout_has_one_mask_for_each_sequence_and_is_off_in_evaluation():
    one = space(hidden=50, **WET)
    network = built(one, sampled(one), vocabulary=40)
    words = torch.full((3, 6), 7)
    embedded = network.train().ends.embedded(words)
    dropped = embedded == 0
    assert dropped.any()
    # The same positions for all words of a sequence, other positions in other sequences.
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert not torch.equal(dropped[0], dropped[1]) or bool(dropped.all())
    first, second = network(words)[0], network(words)[0]
    assert not torch.equal(first, second)
    network.eval()
    assert torch.equal(network(words)[0], network(words)[0])
    torch.manual_seed(0)
    mask = dropout_mask(0.25, (100_000,), torch.zeros(()))
    assert mask.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(mask.mean()) == pytest.approx(1, abs=0.01)


def test_an_lstm_carries_output_and_memory():
    config = RecurrentCellConfig(hidden=5, **DRY)
    torch.manual_seed(0)
    network = LSTMNetwork(config, 9).eval()
    words = torch.randint(9, (3, 6))
    whole, end = network(words)
    first, state = network(words[:, :4])
    second, last = network(words[:, 4:], state)
    assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-6)
    assert end.shape == (3, 10)
    assert torch.allclose(end, last, atol=1e-6)
    wet = LSTMNetwork(RecurrentCellConfig(hidden=5, **WET), 9)
    assert not torch.equal(wet(words)[0], wet(words)[0])
    assert Params().measure(network, (1,), None).value == 9 * 5 + 9 + 2 * (20 * 5 + 20)


def test_a_word_costs_one_multiplication_by_each_matrix():
    one = space(hidden=6, nodes=4)
    network = one.build(sampled(one), (1,), 9)
    assert Macs().measure(network, (1,), None).value == 12 * 12 + 4 * 12 * 6 + 9 * 6


def test_the_strongest_function_of_the_strongest_edge_is_kept_but_never_none():
    one = space(nodes=2)
    alphas = np.zeros((3, 5))
    alphas[0, [0, 3]] = 9, 1  # node 1 from 0: none, then sigmoid
    alphas[1, 2], alphas[2, [0, 4]] = 1, (3, 2)  # node 2: from 0 relu, from 1 none and identity
    found = one.discretise({"cell": alphas.tolist()})
    # The softmax is over all five, so a strong `none` weakens the other functions of its edge.
    assert found.genome == {"nodes": [["sigmoid", 0], ["relu", 0]]}
    alphas[2, 0] = 0
    assert one.discretise({"cell": alphas}).genome["nodes"][1] == ["identity", 1]
    with pytest.raises(EngineError, match="shape"):
        one.discretise({"cell": alphas[:2]})


def test_the_drawing_joins_the_leaves_of_a_cell_as_enas_does():
    one = space(nodes=3, output="leaves")
    cell = one.architecture([["sigmoid", 0], ["relu", 0], ["tanh", 2]])
    check_graph(one.graph(cell))
    edges = one.graph(cell)["cells"][0]["edges"]
    assert [edge["source"] for edge in edges if edge["op"] == "mean"] == ["1", "3"]
    assert "output" not in space().supernet().config  # ids of released cells stay


def test_drawing_and_text():
    published = load("networks", "DARTS_V2_RNN")
    one = RecurrentCellSpace(RecurrentCellConfig(**published.config))
    assert one.text(published) == (
        "1=sigmoid<-0 2=relu<-1 3=relu<-1 4=identity<-1 5=tanh<-2 6=sigmoid<-5 7=tanh<-3 8=relu<-5"
    )
    (cell,) = one.graph(published)["cells"]
    assert [node["id"] for node in cell["nodes"]] == ["x", "h", *map(str, range(9)), "h'"]
    assert sum(edge["op"] == "mean" for edge in cell["edges"]) == 8
    assert one.text(one.supernet()) == "supernet"
    check_graph(one.graph(one.supernet()))
    edges = one.graph(one.supernet())["cells"][0]["edges"]
    relaxed = [edge for edge in edges if edge["op"] in one.config.relaxed]
    assert len(relaxed) == 36 * 5
    assert [edge["op"] for edge in relaxed[:5]] == ["none", "tanh", "relu", "sigmoid", "identity"]
    ends = [(edge["source"], edge["target"]) for edge in relaxed[::5]]
    assert ends[:3] == [("0", "1"), ("0", "2"), ("1", "2")]


def test_published_cells_are_as_transcribed():
    pairs = ["0", "2", "1", "0", "2", "1", "2", "2", "4", "0", "5", "0", "3", "2", "6", "2"]
    names = ("tanh", "relu", "sigmoid", "identity")
    expected = [
        [names[int(function)], int(source)]
        for source, function in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    assert load("networks", "ENAS_RNN").genome["nodes"] == expected
    assert load("networks", "DARTS_V1_RNN").genome["nodes"][5:] == [
        ["identity", 1], ["relu", 5], ["relu", 1]
    ]  # fmt: skip
    assert space(nodes=8).size() == math.factorial(8) * 4**8


@pytest.mark.parametrize(
    ("genome", "message"),
    [
        ({"nodes": [["tanh", 0]]}, "with 4 nodes"),
        ({"nodes": [["tanh", 0]] * 4, "more": 1}, "with 4 nodes"),
        (
            {"nodes": [["tanh", 0], ["tanh", 2], ["tanh", 0], ["tanh", 0]]},
            "node 2 has the source 2",
        ),
        ({"nodes": [["tanh", False]] + [["tanh", 0]] * 3}, "node 1 has the source False"),
        ({"nodes": [["none", 0]] * 4}, "node 1 has the function 'none'"),
        ({"nodes": [["tanh"]] * 4}, "must be .function, source"),
        ({"shared": True, "partial": 4}, "the genome of a supernet must be"),
        ({"shared": 1}, "the genome of a supernet must be"),
    ],
)
def test_wrong_genomes_are_refused(genome, message):
    with pytest.raises(InvalidArchitecture, match=message):
        space().validate(Architecture("recurrent-cell", space().supernet().config, genome))


def test_fewer_than_two_different_functions_are_refused():
    with pytest.raises(InvalidSettings, match="two different"):
        RecurrentCellConfig(functions=("tanh", "tanh"))

"""Spaces with a supernet: its genome, its drawing, and alphas as architectures."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.catalog import load, names
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError, InvalidArchitecture
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.nb201.config import OPS, NB201Config
from nasengine.spaces.nb201.space import NB201Space
from tests.fixtures.spaces import check_graph

FOUR = ("none", "skip_connect", "sep_conv_3x3", "dil_conv_5x5")
IMAGE_SPACES = ["cell", "nb201"]


def space_of(name):
    found = load("spaces", name)
    return found(found.Config())


def test_both_image_spaces_have_a_supernet():
    with_supernet = {
        name for name in names("spaces") if "supernet" in load("spaces", name).capabilities
    }
    assert set(IMAGE_SPACES) <= with_supernet


@pytest.mark.parametrize("name", IMAGE_SPACES)
def test_the_supernet_is_an_architecture(name):
    space = space_of(name)
    supernet = space.supernet()
    assert supernet.genome == {"shared": True}
    assert space.text(supernet) == "supernet"
    for one in (supernet, space.supernet(4), Architecture(name, {}, {"shared": True})):
        space.validate(one)
        check_graph(space.graph(one))
    assert space.text(space.supernet(4)) == "supernet, one in 4 channels mixed"


def test_the_drawing_of_a_supernet_has_every_operation_in_the_order_of_the_alphas():
    for space, kinds, shape in ((space_of("cell"), 2, (14, 8)), (space_of("nb201"), 1, (6, 5))):
        cells = space.graph(space.supernet())["cells"]
        assert len(cells) == kinds
        for cell in cells:
            edges = [edge for edge in cell["edges"] if edge["family"] != "concat"]
            ends = [(edge["source"], edge["target"]) for edge in edges]
            assert len(edges) == shape[0] * shape[1]
            assert len(set(ends)) == shape[0]
            assert [edge["op"] for edge in edges[: shape[1]]] == [
                e["op"] for e in edges[-shape[1] :]
            ]
    space = space_of("cell")
    edges = space.graph(space.supernet())["cells"][0]["edges"]
    ends = [(edge["source"], edge["target"]) for edge in edges]
    assert ends[0::8][:5] == [("k-2", "2"), ("k-1", "2"), ("k-2", "3"), ("k-1", "3"), ("2", "3")]


@pytest.mark.parametrize("name", IMAGE_SPACES)
@pytest.mark.parametrize(
    ("genome", "message"),
    [
        ({"shared": False}, "the genome of a supernet must be"),
        ({"shared": 1}, "the genome of a supernet must be"),
        ({"shared": True, "colour": 1}, "the genome of a supernet must be"),
        ({"shared": True, "partial": 1}, "from 2 to 64"),
        ({"shared": True, "partial": 2.0}, "from 2 to 64"),
        ({"shared": True, "partial": True}, "from 2 to 64"),
        ({"shared": True, "partial": 10**400}, "from 2 to 64"),
        ({"shared": True, "partial": 3}, "must divide the channels"),
        ({"shared": True, "partial": 16}, "must divide the channels"),
    ],
)
def test_wrong_supernet_genomes_are_refused(name, genome, message):
    space = space_of(name)
    with pytest.raises(InvalidArchitecture, match=message):
        space.validate(Architecture(name, space.supernet().config, genome))


def test_a_supernet_of_text_has_no_auxiliary_head():
    space = space_of("recurrent-cell")
    with pytest.raises(EngineError, match="no auxiliary head"):
        space.build(space.supernet(), (1,), 10, auxiliary=True)


def peaked(shape, peaks):
    """Return alphas with these values at the peaks and small random values elsewhere."""
    alphas = np.random.default_rng(0).uniform(-0.1, 0.1, shape)
    for index, value in peaks.items():
        alphas[index] = value
    return alphas.tolist()


def test_each_node_keeps_two_edges_with_their_strongest_operation_but_never_none():
    space = CellSpace(CellConfig(nodes=2))
    ops = space.config.operations
    none, skip, sep, dil = (ops.index(op) for op in FOUR)
    # Edges 0 and 1 lead to node 2; 2, 3 and 4 to node 3. The alphas of `none` do not count.
    wanted = {(0, sep): 2, (1, dil): 1, (3, skip): 1, (4, sep): 1}
    normal = peaked((5, 8), {(0, none): 9, (2, none): 9, **wanted})
    reduce = peaked((5, 8), {(0, dil): 1, (1, skip): 1, (2, sep): 3, (3, sep): 2, (4, sep): 2.5})
    found = space.discretise({"normal": normal, "reduce": reduce})
    space.validate(found)
    assert found.genome["normal"]["nodes"] == [
        [["sep_conv_3x3", 0], ["dil_conv_5x5", 1]], [["skip_connect", 1], ["sep_conv_3x3", 2]]
    ]  # fmt: skip
    assert found.genome["reduce"]["nodes"] == [
        [["dil_conv_5x5", 0], ["skip_connect", 1]], [["sep_conv_3x3", 0], ["sep_conv_3x3", 2]]
    ]  # fmt: skip
    edges = [0, 0, 5, 5, 0]
    shares = space.discretise(
        {"normal": normal, "reduce": reduce, "normal_edges": edges, "reduce_edges": edges}
    )
    assert [source for _, source in shares.genome["reduce"]["nodes"][1]] == [0, 1]


def test_ties_between_alphas_are_broken_by_order():
    space = CellSpace(CellConfig())
    zeros = np.zeros((14, 8)).tolist()
    found = space.discretise({"normal": zeros, "reduce": zeros})
    assert found.genome["normal"]["nodes"] == [[["max_pool_3x3", 0], ["max_pool_3x3", 1]]] * 4


def test_nb201_keeps_the_strongest_operation_of_each_edge_none_included():
    space = NB201Space(NB201Config())
    ops = ["none", "nor_conv_3x3", "skip_connect", "avg_pool_3x3", "none", "nor_conv_1x1"]
    alphas = np.zeros((6, 5))
    alphas[range(6), [OPS.index(op) for op in ops]] = 0.01
    found = space.discretise({"cell": alphas.tolist()})
    assert found == space.architecture(ops)
    assert space.discretise({"cell": alphas, "cell_edges": np.zeros(6)}) == found


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ({}, "'cell' are missing"),
        ({"cell": [[0.0]]}, r"must be finite numbers of shape \(6, 5\)"),
        ({"cell": [[float("nan")] * 5] * 6}, "must be finite"),
        ({"cell": [["a"] * 5] * 6}, "are not numbers"),
        ({"cell": [[0.0] * 5] * 6, "normal": []}, "'normal' is not an architecture parameter"),
    ],
)
def test_wrong_alphas_are_refused(alphas, message):
    with pytest.raises(EngineError, match=message):
        NB201Space(NB201Config()).discretise(alphas)

"""Published networks: counts from the code of their papers."""

from __future__ import annotations

import pytest
import torch

from nasengine.catalog import load, names
from nasengine.core.settings import from_mapping
from nasengine.objectives.macs import Macs
from nasengine.objectives.params import Params
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace

CONVOLUTIONAL = [name for name in names("networks") if load("networks", name).space == "cell"]
CIFAR, IMAGENET = (3, 32, 32), (3, 224, 224)
SMALL_SIZE, LARGE_SIZE = (20, 36), (14, 48)


def counts(name, shape, classes, size, auxiliary=False):
    architecture = CellSpace.resized(load("networks", name), *size)
    space = CellSpace(from_mapping(CellConfig, architecture.config))
    with torch.device("meta"):
        network = space.build(architecture, shape, classes, auxiliary)
    return [int(kind().measure(network, shape, None).value) for kind in (Params, Macs)]


@pytest.mark.parametrize(
    ("name", "problem", "params", "macs"),
    [
        ("DARTS_V1", (CIFAR, 10, SMALL_SIZE), 3_169_414, 500_987_520),
        ("DARTS_V2", (CIFAR, 10, SMALL_SIZE), 3_349_342, 528_359_040),
        ("DARTS_V1", (IMAGENET, 1000, LARGE_SIZE), 4_510_432, 505_864_704),
        ("DARTS_V2", (IMAGENET, 1000, LARGE_SIZE), 4_718_752, 529_911_552),
    ],
)
def test_counts_of_the_darts_cells(name, problem, params, macs):
    assert counts(name, *problem) == [params, macs]


def test_ninety_more_classes_cost_one_more_linear_layer():
    # 64C = 576 features at 36 channels: 90 rows of weights and their biases.
    params, macs = counts("DARTS_V2", CIFAR, 100, SMALL_SIZE)
    assert params == 3_401_272 == 3_349_342 + 90 * 577
    assert macs == 528_359_040 + 90 * 576


def test_the_auxiliary_head_is_not_counted():
    assert counts("DARTS_V2", CIFAR, 10, SMALL_SIZE, auxiliary=True) == [3_349_342, 528_359_040]


@pytest.mark.parametrize(
    ("name", "millions"),
    # Sizes printed in the papers; AmoebaNet-A as retrained by the DARTS authors.
    [("DARTS_V1", 3.3), ("DARTS_V2", 3.3), ("AmoebaNet-A", 3.1)],
)
def test_sizes_agree_with_the_papers(name, millions):
    assert counts(name, CIFAR, 10, SMALL_SIZE)[0] / 1e6 == pytest.approx(millions, abs=0.15)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_each_network_is_legal_in_the_space_of_its_settings(name):
    architecture = load("networks", name)
    space = CellSpace(from_mapping(CellConfig, architecture.config))
    space.validate(architecture)
    assert (architecture.config["cells"], architecture.config["channels"]) == (20, 36)
    drawn = space.graph(architecture)["cells"]
    assert [cell["name"] for cell in drawn] == ["normal", "reduce"]


def test_all_networks_are_different():
    assert len({load("networks", name).id for name in names("networks")}) == 9


def test_second_order_darts_is_the_cell_of_the_paper():
    space = CellSpace(CellConfig(cells=20, channels=36))
    assert space.text(load("networks", "DARTS_V2")) == (
        "normal 2=sep3<-0+sep3<-1 3=sep3<-0+sep3<-1 4=skip<-0+sep3<-1 5=skip<-0+dil3<-2"
        " | reduce 2=max<-0+max<-1 3=max<-1+skip<-2 4=max<-0+skip<-2 5=max<-1+skip<-2"
    )


def test_cells_join_the_blocks_that_no_other_block_reads():
    enas, renas = load("networks", "ENAS").genome, load("networks", "RENASNet").genome
    assert enas["normal"]["concat"] == [2, 3, 4, 5, 6]
    assert enas["reduce"]["concat"] == [2, 4, 5, 6]
    assert renas["normal"]["concat"] == [0, 3, 4, 5, 6]
    assert renas["reduce"]["concat"] == [3, 4, 5, 6]
    assert renas["normal"]["nodes"] == renas["reduce"]["nodes"]


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_small_copies_train_one_step(name):
    architecture = CellSpace.resized(load("networks", name), cells=3, channels=4)
    space = CellSpace(from_mapping(CellConfig, architecture.config))
    network = space.build(architecture, (1, 8, 8), 10, auxiliary=True)
    logits, second = network(torch.randn(2, 1, 8, 8))
    (logits.sum() + second.sum()).backward()
    # Everything that is built is used: every weight except those of an unread input has a gradient.
    silent = [
        key
        for key, p in network.named_parameters()
        if p.grad is None and ".older." not in key and ".newer." not in key
    ]
    assert silent == []

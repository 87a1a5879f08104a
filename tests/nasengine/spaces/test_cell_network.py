"""The network of stacked cells: sizes of maps, drop-path, heads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.core.settings import from_mapping
from nasengine.spaces.cell.config import ALL_OPERATIONS, CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.common.cell_genome import cell
from nasengine.spaces.layers.auxiliary import AuxiliaryHead
from nasengine.spaces.layers.blocks import FactorizedReduce
from nasengine.spaces.layers.drop_path import drop_path, with_drop_path
from nasengine.spaces.layers.operations import make_operation
from nasengine.spaces.layers.stems import ImagenetStem, SmallStem


def build(shape=(3, 16, 16), seed=0, auxiliary=False, **settings):
    space = CellSpace(CellConfig(**settings))
    return space.build(space.sample(np.random.default_rng(seed)), shape, 10, auxiliary)


def sizes(network, shape):
    """Return channels and height of the output of each cell."""
    seen = []
    hooks = [
        one.register_forward_hook(lambda _, __, out: seen.append((out.shape[1], out.shape[2])))
        for one in network.cells
    ]
    with torch.no_grad():
        network.eval()(torch.zeros(1, *shape))
    for hook in hooks:
        hook.remove()
    return seen


def test_reductions_are_at_one_and_two_thirds():
    network = build(cells=8, channels=4)
    small, middle, large = (16, 16), (32, 8), (64, 4)
    assert sizes(network, (3, 16, 16)) == [small] * 2 + [middle] * 3 + [large] * 3


@pytest.mark.parametrize(("cells", "halvings"), [(1, 1), (2, 2), (3, 2), (20, 2)])
def test_few_cells_reduce_by_integer_division(cells, halvings):
    assert sizes(build(cells=cells, channels=2), (3, 16, 16))[-1][1] == 16 // 2**halvings


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 7, 7), (2, 9, 12), (3, 33, 31), (1, 28, 28)])
def test_odd_sides_are_rounded_up(shape):
    network = build(shape, channels=3, operations=ALL_OPERATIONS, auxiliary=True)
    images = torch.randn(2, *shape)
    logits, second = network(images)
    assert logits.shape == second.shape == (2, 10)
    assert sizes(network, shape)[-1][1] == -(-shape[1] // 4)


def test_large_images_take_the_imagenet_stem():
    assert isinstance(build((3, 63, 200)).stem, SmallStem)
    assert isinstance(build((3, 64, 64)).stem, ImagenetStem)
    assert isinstance(build((3, 64, 64), stem="small").stem, SmallStem)
    assert isinstance(build((3, 32, 32), stem="imagenet").stem, ImagenetStem)
    assert sizes(build((3, 64, 64), channels=2, cells=3), (3, 64, 64))[0] == (8, 8)


def test_the_factorized_reduction_is_two_shifted_convolutions():
    reduction = FactorizedReduce(2, 5).eval()
    x = torch.randn(3, 2, 6, 8)
    positive = x.relu()
    left = torch.einsum("oi,nihw->nohw", reduction.even.weight[..., 0, 0], positive[..., ::2, ::2])
    right = torch.einsum(
        "oi,nihw->nohw", reduction.odd.weight[..., 0, 0], positive[..., 1::2, 1::2]
    )
    expected = torch.cat([left, right], 1) / (1 + reduction.norm.eps) ** 0.5
    assert torch.allclose(reduction(x), expected, atol=1e-6)


@pytest.mark.parametrize("side", [1, 2, 5, 8])
def test_the_factorized_reduction_takes_any_side(side):
    assert FactorizedReduce(2, 3)(torch.randn(2, 2, side, 6)).shape == (2, 3, (side + 1) // 2, 3)


@pytest.mark.parametrize("name", [op for op in ALL_OPERATIONS if op != "none"])
@pytest.mark.parametrize(("stride", "side"), [(1, 7), (2, 7), (2, 8)])
def test_operations_keep_channels_and_divide_sides(name, stride, side):
    out = make_operation(name, 4, stride)(torch.randn(2, 4, side, side))
    assert out.shape == (2, 4, -(-side // stride), -(-side // stride))


@pytest.mark.parametrize(
    ("name", "weights"),
    # Depthwise k*k*C + C*C + BN 2C, twice for sep; 1x7 and 7x1 of C*C*7 each and one BN.
    [
        ("sep_conv_3x3", 2 * (9 * 8 + 64 + 16)),
        ("sep_conv_5x5", 2 * (25 * 8 + 64 + 16)),
        ("sep_conv_7x7", 2 * (49 * 8 + 64 + 16)),
        ("dil_conv_3x3", 9 * 8 + 64 + 16),
        ("dil_conv_5x5", 25 * 8 + 64 + 16),
        ("conv_7x1_1x7", 2 * 7 * 64 + 16),
        ("nor_conv_1x1", 64 + 16),
        ("nor_conv_3x3", 9 * 64 + 16),
        ("max_pool_3x3", 0),
        ("avg_pool_3x3", 0),
        ("skip_connect", 0),
    ],
)
def test_weights_of_operations(name, weights):
    assert sum(p.numel() for p in make_operation(name, 8, 1).parameters()) == weights


def test_average_pooling_does_not_count_the_padding():
    assert torch.equal(
        make_operation("avg_pool_3x3", 1, 1)(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4)
    )


def test_a_dilated_convolution_reads_every_other_pixel():
    convolution = make_operation("dil_conv_5x5", 1, 1)[1]
    assert (convolution.dilation, convolution.padding) == ((2, 2), (4, 4))


def test_drop_path_is_per_sample_and_keeps_the_mean():
    torch.manual_seed(0)
    out = drop_path(torch.ones(20_000, 2, 1, 2), 0.25)
    assert out.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    assert (out.amin((1, 2, 3)) == out.amax((1, 2, 3))).all()
    assert float(out.mean()) == pytest.approx(1, abs=0.02)


def test_an_identity_is_never_dropped():
    x = torch.ones(50, 1, 2, 2)
    assert torch.equal(with_drop_path(torch.nn.Identity(), x, 0.9), x)
    assert not torch.equal(with_drop_path(torch.nn.AvgPool2d(1), x, 0.9), x)


def test_paths_are_dropped_only_in_training():
    network = build((1, 8, 8))
    network.drop_path = 0.5
    images = torch.randn(4, 1, 8, 8)
    with torch.no_grad():
        network.train()
        assert not torch.equal(network(images), network(images))
        network.eval()
        assert torch.equal(network(images), network(images))


def test_the_auxiliary_head_of_the_paper():
    head = AuxiliaryHead(576, 8, 8, 10)
    assert sum(p.numel() for p in head.parameters()) == 476_426
    assert (head.features[1].kernel_size, head.features[1].stride) == (5, 3)
    assert AuxiliaryHead(8, 7, 7, 10).features[1].stride == 2


@pytest.mark.parametrize("side", [1, 2, 3, 4, 7, 8, 14])
def test_the_auxiliary_head_takes_any_map(side):
    assert AuxiliaryHead(4, side, side, 6)(torch.randn(2, 4, side, side)).shape == (2, 6)


def test_auxiliary_logits_are_returned_only_in_training_and_only_on_request():
    network = build((1, 8, 8), auxiliary=True)
    images = torch.randn(2, 1, 8, 8)
    assert isinstance(network(images), tuple)
    assert network.eval()(images).shape == (2, 10)
    assert build((1, 8, 8))(images).shape == (2, 10)


def test_nodes_that_do_not_reach_the_output_are_not_built():
    space = CellSpace(CellConfig(nodes=2))
    nodes = [[["sep_conv_3x3", 0], ["sep_conv_3x3", 1]]] * 2
    counts = [
        sum(
            p.numel()
            for p in space.build(
                space.architecture({"normal": cell(nodes, joined), "reduce": cell(nodes, [2])}),
                (1, 8, 8),
                10,
            )
            .cells[0]
            .operations.parameters()
        )
        for joined in ([2, 3], [2], [3])
    ]
    assert counts[0] == 2 * counts[1] == 2 * counts[2] > 0


def test_the_skip_of_a_reduction_follows_the_setting():
    nodes = [[["skip_connect", 0], ["skip_connect", 1]]]
    genome = {"normal": cell(nodes), "reduce": cell(nodes)}
    kinds = []
    for how in ("factorized", "max_pool"):
        space = CellSpace(CellConfig(nodes=1, cells=1, reduced_skip=how))
        network = space.build(space.architecture(genome), (1, 8, 8), 10)
        kinds.append({type(op).__name__ for op in network.cells[0].operations["2"]})
    assert kinds == [{"FactorizedReduce"}, {"MaxPool2d"}]


def test_a_normal_cell_may_concatenate_its_input():
    architecture = CellSpace.resized(load("networks", "RENASNet"), cells=3, channels=4)
    space = CellSpace(from_mapping(CellConfig, architecture.config))
    # Cell 0 is normal: input 0 and four blocks; the reductions join four blocks.
    assert [c for c, _ in sizes(space.build(architecture, (3, 8, 8), 10), (3, 8, 8))] == [
        5 * 4,
        4 * 8,
        4 * 16,
    ]


def test_batch_norms_learn_scale_and_shift():
    norms = [m for m in build().modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert all(norm.affine for norm in norms)


def test_samples_of_a_batch_do_not_mix_in_evaluation():
    network = build((1, 8, 8)).eval()
    images = torch.randn(3, 1, 8, 8)
    with torch.no_grad():
        together = network(images)
        separate = torch.cat([network(image[None]) for image in images])
    assert torch.allclose(together, separate, atol=1e-5)
    assert all(not torch.allclose(one, other) for one, other in itertools.combinations(together, 2))

"""Objectives `params` and `macs` compared with hand counts."""

from __future__ import annotations

import torch
from torch import nn

from nasengine.objectives.macs import FLOPS_PER_MAC, Macs
from nasengine.objectives.params import Params


class WithHead(nn.Module):
    """A convolution 3 -> 4 (3x3, stride 2), a linear layer to 5, and an auxiliary head."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.linear = nn.Linear(4, 5)
        self.auxiliary = nn.Linear(4, 100)

    def forward(self, x):
        y = self.norm(self.grouped(self.conv(x))).mean((2, 3))
        return (self.linear(y), self.auxiliary(y)) if self.training else self.linear(y)


def test_params_exclude_the_auxiliary_head():
    measured = Params().measure(WithHead(), (3, 8, 8), None)
    assert measured.value == (3 * 4 * 9 + 4) + 4 * 9 + 2 * 4 + (4 * 5 + 5)
    assert (measured.objective, measured.unit, measured.method) == ("params", "", "counted")
    assert measured.device is None


def test_macs_count_convolutions_and_linear_layers_at_batch_one():
    measured = Macs().measure(WithHead(), (3, 8, 8), None)
    assert measured.value == 16 * 4 * 3 * 9 + 16 * 4 * 9 + 4 * 5
    assert (measured.objective, measured.unit, measured.method) == ("macs", "MAC", "counted")
    assert measured.detail == {"batch": 1}
    assert FLOPS_PER_MAC == 2


def test_counting_does_not_change_the_network():
    network = WithHead().train()
    network.norm.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    Macs().measure(network, (3, 8, 8), None)
    assert network.training and network.linear.training and not network.norm.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_both_are_cheap_and_lower_is_better():
    assert all(kind.cheap and kind.better == "lower" for kind in (Params, Macs))


def test_the_meta_device_counts_the_same():
    with torch.device("meta"):
        on_meta = WithHead()
    for kind in (Params, Macs):
        real = kind().measure(WithHead(), (3, 9, 7), None)
        assert kind().measure(on_meta, (3, 9, 7), None) == real


def test_half_precision_counts_the_same():
    expected = Macs().measure(WithHead(), (3, 8, 8), None).value
    assert Macs().measure(WithHead().to(torch.bfloat16), (3, 8, 8), None).value == expected

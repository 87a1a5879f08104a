"""Proxies of networks small enough to compute by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from nasengine.catalog import load
from nasengine.proxies.common.probe import NetworkProbe

SHAPE = (1, 2, 2)


class Linear(nn.Module):
    """logits = W x; batch normalisation and dropout that synflow must leave out."""

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        self.layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        self.layer.weight.data = weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x.flatten(1))


@pytest.fixture
def probe() -> NetworkProbe:
    torch.manual_seed(1)
    images = [torch.randn(3, *SHAPE) for _ in range(2)]
    labels = [torch.tensor([0, 1, 1]), torch.tensor([1, 0, 1])]
    return NetworkProbe(Linear(torch.randn(2, 4)), SHAPE, list(zip(images, labels, strict=True)), 0)


def weight_and_gradient(probe: NetworkProbe, index: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return W and the gradient of the cross-entropy, mean of (softmax - onehot) x^T."""
    images, labels = probe.batches[index]
    weight = probe.network().layer.weight.detach().double().numpy()
    x = images.flatten(1).double().numpy()
    logits = x @ weight.T
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return weight, (shares - np.eye(2)[labels.numpy()]).T @ x / len(x)


def score(name: str, probe: NetworkProbe) -> float:
    return load("proxies", name)().score(probe)


def test_grad_norm_and_snip(probe):
    weight, gradient = weight_and_gradient(probe)
    assert score("grad_norm", probe) == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
    assert score("snip", probe) == pytest.approx(np.abs(weight * gradient).sum(), rel=1e-5)


def test_grasp_is_minus_weights_times_hessian_times_gradient(probe):
    images, _ = probe.batches[0]
    weight, gradient = weight_and_gradient(probe)
    x = images.flatten(1).double().numpy()
    logits = x @ weight.T
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    # Each image has H g = (diag(p) - p p^T) (g x) x^T.
    change = x @ gradient.T
    turned = shares * change - shares * (shares * change).sum(1, keepdims=True)
    product = turned.T @ x / len(x)
    assert score("grasp", probe) == pytest.approx(-(weight * product).sum(), rel=1e-4)


def test_fisher_of_a_linear_layer(probe):
    images, labels = probe.batches[0]
    weight, _ = weight_and_gradient(probe)
    logits = images.flatten(1).double().numpy() @ weight.T
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    by_logit = (shares - np.eye(2)[labels.numpy()]) / len(images)
    assert score("fisher", probe) == pytest.approx(
        ((logits * by_logit) ** 2).mean(0).sum() / 2, rel=1e-4
    )


def test_synflow_of_a_linear_layer_is_the_logarithm_of_its_absolute_sum(probe):
    weight, _ = weight_and_gradient(probe)
    assert score("synflow", probe) == pytest.approx(math.log(np.abs(weight).sum()), rel=1e-6)


def test_synflow_bypasses_batch_normalisation():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(8, 2, bias=False))
    normed = nn.Sequential(plain[0], nn.BatchNorm2d(2), *plain[1:])
    found = [score("synflow", NetworkProbe(net, SHAPE, [], 0)) for net in (plain, normed)]
    assert found[0] == pytest.approx(found[1])


def test_jacob_cov_is_worst_for_equal_gradients(probe):
    # A linear network has the same Jacobian for each of n images: eigenvalues n, 0 and 0.
    values = np.array([3.0, 0.0, 0.0]) + 1e-5
    expected = -float(np.sum(np.log(values) + 1 / values))
    assert score("jacob_cov", probe) == pytest.approx(expected, rel=1e-3)


def test_naswot_counts_the_relus_on_which_images_agree():
    images = torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1]]).view(2, 1, 2, 2)
    network = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(4, 2))
    probe = NetworkProbe(network, SHAPE, [(images, torch.tensor([0, 1]))], 0)
    # They agree on two of four; each agrees with itself on all.
    assert score("naswot", probe) == pytest.approx(math.log(4 * 4 - 2 * 2))


def test_zico_is_mean_over_deviation_of_two_batches(probe):
    gradients = np.stack([weight_and_gradient(probe, index)[1] for index in (0, 1)])
    ratio = (np.abs(gradients).mean(0) / gradients.std(0)).sum()
    assert score("zico", probe) == pytest.approx(math.log(ratio), rel=1e-4)


def test_az_nas_of_blocks_that_double_and_keep_channels():
    """A block without effect on gradients is the worst, as nothing is computed in it."""

    class Blocks(nn.Module):
        def __init__(self, block: nn.Module):
            super().__init__()
            self.stem = nn.Conv2d(1, 4, 1)
            self.blocks = nn.ModuleList([block])
            self.head = nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.blocks[0](self.stem(x)).mean((2, 3)))

    batch = (torch.randn(8, 1, 4, 4), torch.zeros(8, dtype=torch.int64))
    probes = [
        NetworkProbe(Blocks(block), (1, 4, 4), [batch], 0)
        for block in (nn.Identity(), nn.Conv2d(4, 4, 1))
    ]
    idle, busy = (score("az_trainability", probe) for probe in probes)
    assert idle == -1e6 < busy <= 0
    # The stem maps one number to four channels: one direction, so no entropy.
    assert score("az_expressivity", probes[0]) == pytest.approx(0, abs=1e-5)
    assert score("az_progressivity", probes[0]) == pytest.approx(0, abs=1e-5)

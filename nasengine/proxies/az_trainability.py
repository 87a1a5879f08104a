"""Proxy `az_trainability` of AZ-NAS (2403.19232): whether gradients keep their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    import torch

    from ..core.proxy import Probe

IDENTITY = -1e6  # of a block that hands its gradient on unchanged: it computes nothing
TINY = 1e-6


class Trainability(Proxy):
    """Mean over the blocks of 2 - s - 1/s, s the largest singular value of their Jacobian.

    The Jacobian is estimated from the gradient that a random gradient of ones and minus ones
    becomes; its score is highest, 0, where gradients neither vanish nor explode.
    """

    name = "az_trainability"
    help = "AZ-NAS: how little each block shrinks or enlarges gradients."

    def score(self, probe: Probe) -> float:
        from ..core.torch_state import seeded
        from .common.stages import block_maps

        maps = block_maps(probe)
        with seeded(probe.seed):
            pairs = zip(reversed(maps[:-1]), reversed(maps[1:]), strict=True)
            scores = [
                block_score
                for before, after in pairs
                if (block_score := _block(before, after)) is not None
            ]
        return sum(scores) / len(scores) if scores else 0.0


def _block(before: torch.Tensor, after: torch.Tensor) -> float | None:
    """Return the score of one block; None if its output does not depend on this input."""
    import torch
    from torch.nn import functional

    if not before.requires_grad:
        return None
    if not after.requires_grad:  # a block without a path has lost the gradient
        return 2 - 1 / TINY
    sent = torch.bernoulli(torch.full_like(after, 0.5)) * 2 - 1
    # The graph is kept: blocks of several inputs share parts of it.
    (got,) = torch.autograd.grad(after, before, sent, retain_graph=True, allow_unused=True)
    if got is None:
        return None
    if got.shape == sent.shape and torch.equal(got, sent):
        return IDENTITY
    stride = round(got.shape[-1] / sent.shape[-1])
    if stride > 1:
        got = functional.pixel_unshuffle(_cut(got, stride), stride)
    height, width = sent.shape[-2:]
    got = got[..., :height, :width]
    rows = sent.permute(0, 2, 3, 1).flatten(0, 2)
    columns = got.permute(0, 2, 3, 1).flatten(0, 2)
    matrix = columns.T @ rows / len(rows)
    largest = float(torch.linalg.matrix_norm(matrix, 2))
    return 2 - largest - 1 / (largest + TINY)


def _cut(feature_map: torch.Tensor, stride: int) -> torch.Tensor:
    """Pad height and width with zeros to multiples of the stride."""
    from torch.nn import functional

    height, width = (-side % stride for side in feature_map.shape[-2:])
    return functional.pad(feature_map, (0, width, 0, height))

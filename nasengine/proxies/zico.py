"""Proxy `zico`: gradients that are large and similar from batch to batch (2301.11300)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    from ..core.proxy import Probe


class Zico(Proxy):
    """Sum over layers of log(sum over weights of mean |gradient| / deviation over the batches)."""

    name = "zico"
    help = "How large and how stable the gradients of two batches are."

    def score(self, probe: Probe) -> float:
        import torch

        by_batch = [probe.gradients(index) for index in range(len(probe.batches))]
        total = 0.0
        for layer in zip(*by_batch, strict=True):
            stacked = torch.stack([gradient for _, gradient in layer]).flatten(1)
            deviation = stacked.std(0, correction=0)
            varied = deviation > 0
            ratio = float((stacked.abs().mean(0)[varied] / deviation[varied]).sum())
            total += math.log(ratio) if ratio > 0 else 0.0
        return total

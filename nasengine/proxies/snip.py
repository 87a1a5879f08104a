"""Proxy `snip`: how much the loss depends on each weight (1810.02340)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    from ..core.proxy import Probe


class Snip(Proxy):
    """Sum of |dL/dm| of multiplicative masks m = 1 on the weights, so of |weight x gradient|."""

    name = "snip"
    help = "Sum over the weights of |weight x gradient| after one batch (connection sensitivity)."

    def score(self, probe: Probe) -> float:
        return sum(float((weight * grad).abs().sum()) for weight, grad in probe.gradients())

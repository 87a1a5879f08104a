"""Proxy `grad_norm`: the norms of the gradients of one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    from ..core.proxy import Probe


class GradNorm(Proxy):
    """Sum over the layers of the L2 norm of their weights' gradient (2101.08134)."""

    name = "grad_norm"
    help = "Sum of the layers' gradient norms after one batch."

    def score(self, probe: Probe) -> float:
        return sum(float(gradient.norm()) for _, gradient in probe.gradients())

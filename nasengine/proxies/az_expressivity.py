"""Proxy `az_expressivity` of AZ-NAS (2403.19232): how many directions the maps use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    from ..core.proxy import Probe


class Expressivity(Proxy):
    """Sum over the blocks of the entropy of the maps' principal components."""

    name = "az_expressivity"
    help = "AZ-NAS: sum over the blocks of the entropy of their maps' principal components."

    def score(self, probe: Probe) -> float:
        from .common.spectrum import entropies

        return sum(entropies(probe))

"""Proxy `az_progressivity` of AZ-NAS (2403.19232): whether the maps grow richer with depth."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ..core.proxy import Proxy

if TYPE_CHECKING:
    from ..core.proxy import Probe


class Progressivity(Proxy):
    """Smallest increase of the entropy of the maps from one block to the next."""

    name = "az_progressivity"
    help = "AZ-NAS: smallest increase of expressivity from one block to the next."

    def score(self, probe: Probe) -> float:
        from .common.spectrum import entropies

        values = entropies(probe)
        return min((after - before for before, after in pairwise(values)), default=0.0)

"""Proxy `macs`: networks with more multiply-accumulates tend to be better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.proxy import Proxy
from ..objectives.macs import Macs

if TYPE_CHECKING:
    from ..core.proxy import Probe


class MacsProxy(Proxy):
    """Multiply-accumulates of one image: the baseline that a proxy must beat."""

    name = "macs"
    help = "Multiply-accumulates of one image; a baseline, computed in no time."

    def score(self, probe: Probe) -> float:
        return Macs().measure(probe.network(), probe.shape, None).value

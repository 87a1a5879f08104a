"""Proxy `params`: networks with more parameters tend to be better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.proxy import Proxy
from ..objectives.params import Params

if TYPE_CHECKING:
    from ..core.proxy import Probe


class ParamsProxy(Proxy):
    """Number of parameters: the baseline that a proxy must beat."""

    name = "params"
    help = "Number of trainable parameters; a baseline, computed in no time."

    def score(self, probe: Probe) -> float:
        return Params().measure(probe.network(), probe.shape, None).value

"""Proxy `az_nas`: the ensemble of AZ-NAS (2403.19232)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..core.proxy import ProxyEnsemble


class AZNas(ProxyEnsemble):
    """Sum of log(rank / m) over expressivity, progressivity, trainability and MACs.

    Ranks are among the m networks that are compared; the logarithm punishes a network that is
    poor in one of them.
    """

    name = "az_nas"
    help = "AZ-NAS: combines the ranks by expressivity, progressivity, trainability and MACs."
    parts = ("az_expressivity", "az_progressivity", "az_trainability", "macs")

    def combined(self, scores: Mapping[str, Sequence[float]]) -> list[float]:
        from scipy.stats import rankdata

        ranks = np.array([rankdata(scores[part]) for part in self.parts])
        return [float(value) for value in np.log(ranks / ranks.shape[1]).sum(axis=0)]

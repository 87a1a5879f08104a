"""Expressivity of maps: the entropy of their principal components (AZ-NAS, 2403.19232)."""

from __future__ import annotations

import torch

from ...core.proxy import Probe
from .stages import block_maps

TINY = 1e-8


def entropies(probe: Probe) -> list[float]:
    """Return, for each map of `block_maps`, the entropy of the variance over its components."""
    if "entropies" not in probe.memory:
        probe.memory["entropies"] = [
            _entropy(feature_map.detach()) for feature_map in block_maps(probe)
        ]
    kept: list[float] = probe.memory["entropies"]
    return kept


def _entropy(feature_map: torch.Tensor) -> float:
    rows = feature_map.permute(0, 2, 3, 1).flatten(0, 2).double()
    rows = rows - rows.mean(0, keepdim=True)
    values = torch.linalg.eigvalsh(rows.T @ rows / len(rows)).clamp(min=0)
    total = values.sum()
    if not total > 0:
        return 0.0
    shares = values / total
    return float(-(shares * torch.log(shares + TINY)).sum())

"""The maps between the blocks of a network, as AZ-NAS reads them (2403.19232)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ...core.proxy import Probe
from ...core.torch_state import seeded
from ...spaces.layers.kernels import plain_layers


def block_maps(probe: Probe) -> list[torch.Tensor]:
    """Return the outputs of stem and blocks in the order of the forward pass, with their graph.

    Blocks are the members of the network's own module lists. As in AZ-NAS the input is normal
    noise, and weights are initialised as normal, scaled by the number of inputs.
    """
    if "block maps" not in probe.memory:
        probe.memory["block maps"] = _block_maps(probe)
    kept: list[torch.Tensor] = probe.memory["block maps"]
    return kept


def _block_maps(probe: Probe) -> list[torch.Tensor]:
    network = probe.network()
    maps: list[torch.Tensor] = []

    def keep(module: Any, arguments: Any, output: Any) -> None:
        last = output[-1] if isinstance(output, tuple) else output
        if last.ndim == 4:
            maps.append(last)

    for block in _blocks(network):
        block.register_forward_hook(keep)
    with plain_layers(), seeded(probe.seed):
        _initialise(network)
        network(torch.randn_like(probe.batches[0][0]))
    return maps


def _blocks(module: nn.Module) -> list[nn.Module]:
    """Return the stem and the members of module lists that belong to the network itself."""
    found = []
    for name, child in module.named_children():
        if name == "stem":
            found.append(child)
        elif isinstance(child, (nn.ModuleList, nn.ModuleDict)):
            found += _members(child)
    return found


def _members(group: nn.Module) -> list[nn.Module]:
    members = []
    for child in group.children():
        nested = isinstance(child, (nn.ModuleList, nn.ModuleDict))
        members += _members(child) if nested else [child]
    return members


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)

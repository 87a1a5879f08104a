"""Proxy `naswot`: how differently a network's ReLUs respond to different images (2006.04647)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.proxy import Proxy

if TYPE_CHECKING:
    import torch

    from ..core.proxy import Probe

RIDGE = 1e-3  # for images that no ReLU distinguishes


class Naswot(Proxy):
    """log |det K|, K the number of ReLUs on which two images of a batch agree."""

    name = "naswot"
    help = "How different the patterns of active ReLUs are for the images of a batch."

    def score(self, probe: Probe) -> float:
        import torch
        from torch import nn

        from ..core.torch_state import seeded
        from ..spaces.layers.kernels import plain_layers

        network, inputs = probe.network(), probe.batches[0][0]
        kernel = torch.zeros(len(inputs), len(inputs), dtype=torch.float64)

        def count(module: Any, arguments: tuple[torch.Tensor, ...]) -> None:
            active = (arguments[0].detach().flatten(1) > 0).float()
            agreed = active @ active.T + (1 - active) @ (1 - active).T
            kernel.add_(agreed.double())

        for module in network.modules():
            if isinstance(module, (nn.ReLU, nn.ReLU6)):
                module.register_forward_pre_hook(count)
        with plain_layers(), seeded(probe.seed), torch.no_grad():
            network(inputs)
        sign, logarithm = torch.linalg.slogdet(kernel)
        if not sign:
            ridge = RIDGE * torch.eye(len(inputs), dtype=torch.float64)
            logarithm = torch.linalg.slogdet(kernel + ridge).logabsdet
        return float(logarithm)

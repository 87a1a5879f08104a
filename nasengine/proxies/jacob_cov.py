"""Proxy `jacob_cov`: how differently a network responds to different images (2006.04647, v1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.proxy import Proxy

if TYPE_CHECKING:
    from ..core.proxy import Probe

OFFSET = 1e-5


class JacobCov(Proxy):
    """-sum of log(v + k) + 1 / (v + k), v the eigenvalues of the Jacobians' correlation.

    A row of the Jacobian is the gradient of the sum of the logits by one image.
    """

    name = "jacob_cov"
    help = "How little the gradients by different images of a batch are correlated."

    def score(self, probe: Probe) -> float:
        import torch

        from ..core.torch_state import seeded
        from ..spaces.layers.kernels import plain_layers

        inputs = probe.batches[0][0].clone().requires_grad_()
        with plain_layers(), seeded(probe.seed):
            (jacobian,) = torch.autograd.grad(
                probe.network()(inputs).sum(), inputs, allow_unused=True
            )
        if jacobian is None:
            jacobian = torch.zeros_like(inputs)
        with np.errstate(divide="ignore", invalid="ignore"):
            correlation = np.corrcoef(jacobian.flatten(1).double().numpy())
        # Constant rows have no correlation; a network that ignores its input responds equally.
        correlation = np.nan_to_num(correlation, nan=1.0)
        values = np.maximum(np.linalg.eigvalsh(correlation), 0.0) + OFFSET
        return -float(np.sum(np.log(values) + 1 / values))

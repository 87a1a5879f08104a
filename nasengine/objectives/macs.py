"""Objective `macs`: multiply-accumulates of one forward pass, from torch's FLOP counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.measurement import Measurement
from ..core.objective import Objective
from ..core.torch_state import evaluation_mode
from .common.network_input import batch_of

if TYPE_CHECKING:
    import torch

# A multiply-accumulate is one multiplication and one addition; torch counts both.
FLOPS_PER_MAC = 2


class Macs(Objective):
    """Multiply-accumulates of convolutions and linear layers for one image or one word.

    The pass runs in evaluation mode, which excludes the auxiliary head, and on torch's meta
    device, which computes only shapes.
    """

    kind = "macs"
    unit = "MAC"
    cheap = True
    help = "Multiply-accumulates of convolutions and linear layers, batch 1; 1 MAC = 2 FLOPs."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        import torch
        from torch.func import functional_call
        from torch.utils.flop_counter import FlopCounterMode

        tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        shapes = {name: tensor.detach().to("meta") for name, tensor in tensors.items()}
        dtype = next(t.dtype for t in shapes.values() if t.is_floating_point())
        example = batch_of(input_shape, 1, dtype, torch.device("meta"))
        with evaluation_mode(network), torch.no_grad(), FlopCounterMode(display=False) as counter:
            functional_call(network, shapes, (example,))
        macs = counter.get_total_flops() // FLOPS_PER_MAC
        return Measurement("macs", macs, self.unit, method="counted", detail={"batch": 1})

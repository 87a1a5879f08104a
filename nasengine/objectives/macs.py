"""Objective `macs`: multiply-accumulates of one forward pass, by torch's own counter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..core.measurement import Measurement
from ..core.objective import Objective
from .common.one_input import batch_of

if TYPE_CHECKING:
    import torch

# The one place that says it: a multiply-accumulate is a multiplication and an addition,
# and torch's counter counts both.
FLOPS_PER_MAC = 2


class Macs(Objective):
    """Multiply-accumulates of convolutions and linear layers on one input, of text on one word.

    Counted in evaluation mode, so an auxiliary head takes no part. Shapes are enough for
    that: the pass runs on torch's meta device, where nothing is computed.
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
        number = next(t.dtype for t in shapes.values() if t.is_floating_point())
        one = batch_of(input_shape, 1, number, torch.device("meta"))
        with _evaluating(network), torch.no_grad(), FlopCounterMode(display=False) as counter:
            functional_call(network, shapes, (one,))
        macs = counter.get_total_flops() // FLOPS_PER_MAC
        return Measurement("macs", macs, self.unit, method="counted", detail={"batch": 1})


@contextmanager
def _evaluating(network: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode, and afterwards each module's own mode again."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training

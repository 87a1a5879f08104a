"""Objective `memory`: peak bytes of one forward pass on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.measurement import Measurement
from ..core.objective import Objective
from ..predictors.operators.trace import network_graph
from .common.device_files import DeviceFile, costed_device
from .device_costs.modelled import modelled
from .device_costs.samples import median_of
from .latency.machine_lock import exclusive
from .latency.objective import conditions
from .latency.timing import forward_pass

if TYPE_CHECKING:
    import torch

PASSES = 3
LIVE = "peak memory is measured only on CUDA: computed from the tensors that live together"


class Memory(Objective):
    """Weights, inputs and the tensors that are alive at the same time.

    On CUDA it is the peak of torch's allocator above what was allocated before. Elsewhere it is
    computed from the operators of the pass.
    """

    kind = "memory"
    unit = "B"
    cheap = True
    on_device = True
    help = "Peak memory of one forward pass on a device, such as memory@cuda."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        import torch

        chosen = costed_device(self.kind, device)
        if chosen.method == "modelled":
            return modelled(self.kind, chosen, network, input_shape)
        if chosen.runs_on == "cuda" and torch.cuda.is_available():
            return self._measured(network, input_shape, chosen)
        graph = network_graph(network, input_shape, chosen.batch)
        peak = graph.weight_bytes + graph.peak_live_bytes()
        detail = {
            "batch": chosen.batch,
            "dtype": chosen.dtype,
            "threads": chosen.threads,
            "weight_bytes": graph.weight_bytes,
            "why": LIVE,
        }
        return Measurement(
            f"{self.kind}@{chosen.name}",
            peak,
            self.unit,
            device=chosen.name,
            method="modelled",
            detail=detail,
        )

    def _measured(
        self, network: torch.nn.Module, input_shape: tuple[int, ...], device: DeviceFile
    ) -> Measurement:
        import torch

        with exclusive():
            torch.cuda.synchronize()
            before = torch.cuda.memory_allocated()
            peaks = []
            with forward_pass(network, input_shape, device) as run:
                for _ in range(PASSES):
                    torch.cuda.reset_peak_memory_stats()
                    run()
                    peaks.append(float(torch.cuda.max_memory_allocated() - before))
        return median_of(self, device, peaks, conditions(device))

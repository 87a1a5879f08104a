"""Latency, energy and memory of a network on a device that is not there.

Latency is the sum over operators of a start-up time and the longer of arithmetic and memory
traffic (the roofline model of Williams, Waterman and Patterson, 2009), with the rates that the
device reaches for that kind of operator.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import EngineError
from .device_profile import DeviceProfile, profile
from .graph import NetworkGraph


@dataclass(frozen=True)
class OperatorModel:
    """Modelled costs of networks on the device of a profile."""

    profile: DeviceProfile

    def latency(self, graph: NetworkGraph) -> float:
        """Return the seconds of one forward pass of the graph's batch."""
        return self.profile.pass_us * 1e-6 + sum(self.breakdown(graph).values())

    def breakdown(self, graph: NetworkGraph) -> dict[str, float]:
        """Return the seconds that each kind of operator takes in one forward pass."""
        seconds: dict[str, float] = {}
        runs = graph.fused() if self.profile.fuses else graph
        for operator in runs.operators:
            cost = self.profile.cost(operator.kind)
            time = cost.seconds(
                operator.operations, runs.traffic_bytes(operator), self.profile.adds
            )
            seconds[operator.kind] = seconds.get(operator.kind, 0.0) + time
        return seconds

    def energy(self, graph: NetworkGraph) -> float:
        """Return the joules of one forward pass, idle power included.

        Above idle, power grows with the share of the peak rates that an operator uses; the
        busier of arithmetic and memory decides.

        Raises:
            EngineError: the profile has no power figures.
        """
        idle, busy = self.profile.idle_watts, self.profile.busy_watts
        if idle is None or busy is None:
            raise EngineError(f"the profile {self.profile.name} has no idle_watts and busy_watts")
        return idle * self.latency(graph) + (busy - idle) * self._full_use_seconds(graph)

    def power(self, graph: NetworkGraph) -> float:
        """Return the mean watts during a forward pass."""
        return self.energy(graph) / self.latency(graph)

    def memory(self, graph: NetworkGraph) -> int:
        """Return the peak bytes: weights, the tensors that live together, and the runtime's own."""
        live = graph.fused() if self.profile.fuses else graph
        return graph.weight_bytes + live.peak_live_bytes() + int(self.profile.runtime_bytes)

    def fits(self, graph: NetworkGraph) -> bool:
        """Return whether the device has enough memory for one forward pass."""
        limit = self.profile.memory_bytes
        return limit is None or self.memory(graph) <= limit

    def _full_use_seconds(self, graph: NetworkGraph) -> float:
        """Return how long the pass would take if every operator reached the peak rates."""
        runs = graph.fused() if self.profile.fuses else graph
        costs = self.profile.costs.values()
        operations_s = 1e9 * (self.profile.peak_gflops or max(cost.gflops for cost in costs))
        bytes_s = 1e9 * (self.profile.peak_gb_s or max(cost.gb_s for cost in costs))
        return sum(
            max(operator.operations / operations_s, runs.traffic_bytes(operator) / bytes_s)
            for operator in runs.operators
        )


def operator_model(device: str | DeviceProfile) -> OperatorModel:
    """Return the model of a packaged profile's name, or of a profile.

    Raises:
        UnknownName: there is no such profile.
    """
    return OperatorModel(profile(device) if isinstance(device, str) else device)

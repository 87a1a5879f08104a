"""Costs that are modelled: the sum of the costs of operators by a device profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.errors import EngineError
from ...core.measurement import Measurement
from ...metering.cost_units import COST_UNITS
from ...predictors.operators.device_profile import DeviceProfile, profile
from ...predictors.operators.model import operator_model
from ...predictors.operators.trace import network_graph
from ..common.device_files import DeviceFile

if TYPE_CHECKING:
    import torch

ABSENT = "the device is not here: its costs are modelled from a profile"


def modelled(
    kind: str,
    device: DeviceFile,
    network: torch.nn.Module,
    input_shape: tuple[int, ...],
    why: str = ABSENT,
) -> Measurement:
    """Return a cost from the device's profile, with the reason why it was not measured.

    Raises:
        EngineError: the device has no profile, or its profile lacks the figures.
    """
    if device.profile is None:
        raise EngineError(f"{kind}@{device.name} cannot be measured here ({why}), nor modelled")
    return modelled_by(
        profile(device.profile), kind, device.name, network,
        input_shape=input_shape, batch=device.batch, why=why,
    )  # fmt: skip


def modelled_by(
    device_profile: DeviceProfile,
    kind: str,
    name: str,
    network: torch.nn.Module,
    *,
    input_shape: tuple[int, ...],
    batch: int,
    why: str,
) -> Measurement:
    """Return a cost from a profile as a measurement of `kind@name`."""
    graph, model = network_graph(network, input_shape, batch), operator_model(device_profile)
    value = {
        "latency": lambda: 1000 * model.latency(graph),
        "throughput": lambda: batch / model.latency(graph),
        "energy": lambda: 1000 * model.energy(graph) / batch,
        "power": lambda: model.power(graph),
        "memory": lambda: float(model.memory(graph)),
    }[kind]()
    detail: dict[str, Any] = {
        "batch": batch,
        "dtype": device_profile.dtype,
        "threads": None,
        "profile": device_profile.name,
        "profile_origin": device_profile.origin,
        "why": why,
    }
    if kind in ("energy", "power"):
        detail |= {"idle_watts": device_profile.idle_watts, "idle_taken_off": False}
    return Measurement(
        f"{kind}@{name}", value, COST_UNITS[kind], device=name, method="modelled", detail=detail
    )

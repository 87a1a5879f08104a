"""Modelled costs: a network's operators, and what a device needs for each of them.

    from nasengine.predictors.operators import network_graph, operator_model

    graph = network_graph(network, (3, 32, 32), batch=1)
    operator_model("jetson_tx1").latency(graph)  # seconds

The names are imported on first use: only `network_graph` needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .device_profile import DeviceProfile, profile, profiles
    from .graph import NetworkGraph, Operator
    from .model import OperatorModel, operator_model
    from .trace import network_graph

__all__ = [
    "DeviceProfile",
    "NetworkGraph",
    "Operator",
    "OperatorModel",
    "network_graph",
    "operator_model",
    "profile",
    "profiles",
]
MODULES = {
    "DeviceProfile": "device_profile",
    "NetworkGraph": "graph",
    "Operator": "graph",
    "OperatorModel": "model",
    "network_graph": "trace",
    "operator_model": "model",
    "profile": "device_profile",
    "profiles": "device_profile",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)

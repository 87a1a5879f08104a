"""A calibration run: small networks to measure on a device, and the profile fitted to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import EngineError
from .device_profile import DeviceProfile, OperatorCost
from .graph import KINDS, NetworkGraph

if TYPE_CHECKING:
    import torch

# (channels, height and width): from few large maps to many small ones.
SIZES = ((8, 32), (16, 32), (32, 16), (64, 8), (64, 32), (128, 16))
REPEATS = (1, 3)  # operators in a row: separates the start of a pass from that of an operator
FASTEST = 1e7  # gflops or GB/s of a cost that the measurements do not show
MIN_RELATIVE_COLUMN = 1e-12
FIELDS = ("start_us", "gflops", "gb_s")


@dataclass(frozen=True)
class CalibrationNetwork:
    """A small network whose time depends on one kind of operator.

    Attributes:
        name: Such as "conv-1x1 64x8x8 3 times".
        module: The network with fresh weights, in evaluation mode.
        input_shape: c x h x w.
    """

    name: str
    module: torch.nn.Module
    input_shape: tuple[int, int, int]


def calibration_networks() -> list[CalibrationNetwork]:
    """Return the networks that an agent measures in a calibration run."""
    from torch import nn

    networks = []
    for channels, side in SIZES:
        for kind, layer in _layers(channels, side).items():
            for repeats in REPEATS:
                module = nn.Sequential(*(layer() for _ in range(repeats))).eval()
                name = f"{kind} {channels}x{side}x{side} {repeats} times"
                networks.append(CalibrationNetwork(name, module, (channels, side, side)))
    return networks


def fit_profile(
    name: str,
    graphs: Sequence[NetworkGraph],
    seconds: Sequence[float],
    *,
    device: str,
    date: str,
    runtime: str = "",
) -> DeviceProfile:
    """Return the profile whose modelled latencies are nearest to measured ones.

    Each kind of operator gets a start-up time, an arithmetic rate and a bandwidth that add up.
    The coefficients are fitted by least squares of the relative errors and cannot be negative.

    Args:
        name: Name of the profile.
        graphs: The measured networks.
        seconds: The measured time of one pass of each.
        device: The device that was measured.
        date: Day of the calibration run.
        runtime: Name and version of the runtime.

    Raises:
        EngineError: a time is not a positive number, or there are too few networks.
    """
    from scipy.optimize import nnls

    times = np.asarray(seconds, float)
    if len(times) != len(graphs) or not (np.isfinite(times).all() and (times > 0).all()):
        raise EngineError(f"{len(graphs)} networks need as many times, all above 0")
    runs = [graph.fused() for graph in graphs]
    kinds = [kind for kind in KINDS if any(run.counts()[kind] for run in runs)]
    columns = np.stack([_columns(run, kinds) for run in runs])
    if len(times) < columns.shape[1]:
        raise EngineError(
            f"{len(times)} networks are too few for {columns.shape[1]} coefficients: measure more"
        )
    weighted = columns / times[:, None]
    scale = np.maximum(np.abs(weighted).max(axis=0), MIN_RELATIVE_COLUMN)
    solution, _ = nnls(weighted / scale, np.ones(len(times)))
    coefficients = solution / scale
    costs = {kind: _cost(coefficients[1 + 3 * n : 4 + 3 * n]) for n, kind in enumerate(kinds)}
    costs["other"] = _typical(list(costs.values()))
    error = float(np.median(np.abs(columns @ coefficients / times - 1)))
    source = f"fitted on {date} on {device}" + (f" with {runtime}" if runtime else "")
    return DeviceProfile(
        name=name,
        summary=f"{device}, fitted to a calibration run",
        origin="fitted",
        provenance={"costs": source},
        costs=costs,
        batch=graphs[0].batch,
        adds=True,
        pass_us=float(coefficients[0]) * 1e6,
        detail={"networks": len(times), "median_relative_error": error},
    )


def _layers(channels: int, side: int) -> dict[str, Callable[[], torch.nn.Module]]:
    """Return a constructor for each kind of operator; only two change the size."""
    import torch
    from torch import nn

    class Sum(nn.Module):
        """Adds two different tensors, as the sums of cells do."""

        def __init__(self) -> None:
            super().__init__()
            self.other = nn.Parameter(torch.zeros(1, channels, side, side))

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return maps + self.other

    class Joined(nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return torch.cat([maps, maps], 1)[:, : maps.shape[1]]

    class Mean(nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return maps.mean((2, 3), keepdim=True)

    def convolution(kernel: int, groups: int) -> Callable[[], nn.Module]:
        return lambda: nn.Conv2d(
            channels, channels, kernel, padding=kernel // 2, groups=groups, bias=False
        )

    return {
        "conv": convolution(3, 1),
        "conv-1x1": convolution(1, 1),
        "conv-grouped": convolution(3, 4),
        "conv-depthwise": convolution(3, channels),
        "linear": lambda: nn.Linear(side, side, bias=False),
        "pool": lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        # Another ratio of reading to writing tells arithmetic and traffic apart.
        "pool by 2": lambda: nn.AvgPool2d(2),
        "norm": lambda: nn.BatchNorm2d(channels),
        "activation": nn.Sigmoid,
        "elementwise": Sum,
        "reduce": Mean,
        "copy": Joined,
    }


def _columns(graph: NetworkGraph, kinds: Sequence[str]) -> np.ndarray:
    """Return 1, then count, operations and traffic of each kind."""
    totals = np.zeros((len(kinds), 3))
    for operator in graph.operators:
        row = kinds.index(operator.kind)
        totals[row] += (1, operator.operations, graph.traffic_bytes(operator))
    return np.concatenate([[1.0], totals.ravel()])


def _cost(coefficients: np.ndarray) -> OperatorCost:
    """Return the cost of fitted seconds per operator, per operation and per byte."""
    start, arithmetic, traffic = (float(value) for value in coefficients)
    return OperatorCost(start * 1e6, _rate(arithmetic), _rate(traffic))


def _rate(seconds: float) -> float:
    return min(1e-9 / seconds, FASTEST) if seconds > 0 else FASTEST


def _typical(costs: Sequence[OperatorCost]) -> OperatorCost:
    """Return the median cost, for kinds that were not measured."""
    return OperatorCost(
        *(float(np.median([getattr(cost, name) for cost in costs])) for name in FIELDS)
    )

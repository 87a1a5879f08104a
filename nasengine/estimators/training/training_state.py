"""Everything that changes during a training, as tensors and JSON."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .averaging import Averaging

Tensors = dict[str, torch.Tensor]


@dataclass
class TrainingState:
    """The parts of a training whose state a checkpoint keeps.

    The learning rate needs no state: it follows from the step. Random numbers of a network come
    from torch's generators, or from those of Python and NumPy if a part of one's own draws them.

    Attributes:
        generators: torch generators by purpose, on the CPU.
        numbers: NumPy generators by purpose.
        averaging: The mean of the weights (text).
    """

    network: torch.nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    generators: dict[str, torch.Generator] = field(default_factory=dict)
    numbers: dict[str, np.random.Generator] = field(default_factory=dict)
    averaging: Averaging | None = None

    def tensors(self) -> Tensors:
        """Return copies of all tensors by unique names, on the CPU."""
        found = {f"network/{name}": tensor for name, tensor in self.network.state_dict().items()}
        for index, key, value in self._optimizer_values():
            if isinstance(value, torch.Tensor):
                found[f"optimizer/{index}/{key}"] = value
        if self.averaging is not None and self.averaging.mean is not None:
            mean = self.averaging.mean.state_dict()
            found |= {f"mean/{name}": tensor for name, tensor in mean.items()}
        for name, generator in self.generators.items():
            found[f"generator/{name}"] = generator.get_state()
        found |= {f"torch/{name}": tensor for name, tensor in _torch_states(self.device).items()}
        return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in found.items()}

    def values(self) -> dict[str, Any]:
        """Return everything else as JSON."""
        version, numbers, gauss = random.getstate()
        return {
            "numbers": {
                name: generator.bit_generator.state for name, generator in self.numbers.items()
            },
            "losses": self.averaging.losses if self.averaging is not None else [],
            "optimizer": [
                [index, key, value]
                for index, key, value in self._optimizer_values()
                if not isinstance(value, torch.Tensor)
            ],
            "python": [version, list(numbers), gauss],
            "numpy": _numpy_state(),
        }

    def restore(self, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any]) -> None:
        """Continue from what `tensors` and `values` returned."""
        self.network.load_state_dict(_named("network/", tensors))
        self._restore_optimizer(_named("optimizer/", tensors), values["optimizer"])
        if self.averaging is not None:
            self.averaging.restore(values["losses"], _named("mean/", tensors))
        for name, generator in self.generators.items():
            generator.set_state(tensors[f"generator/{name}"])
        for name, numbers in self.numbers.items():
            numbers.bit_generator.state = values["numbers"][name]
        _set_torch_states(_named("torch/", tensors), self.device)
        version, state, gauss = values["python"]
        random.setstate((version, tuple(state), gauss))
        legacy = values["numpy"]
        keys = np.array(legacy["state"]["key"], dtype=np.uint32)
        np.random.set_state({**legacy, "state": {**legacy["state"], "key": keys}})

    def _optimizer_values(self) -> list[tuple[int, str, Any]]:
        states = self.optimizer.state_dict()["state"]
        return [(index, key, value) for index in states for key, value in states[index].items()]

    def _restore_optimizer(self, tensors: Tensors, plain: list[list[Any]]) -> None:
        states: dict[int, dict[str, Any]] = {}
        parameters = [
            parameter for group in self.optimizer.param_groups for parameter in group["params"]
        ]
        for name, value in tensors.items():
            index, _, key = name.partition("/")
            states.setdefault(int(index), {})[key] = _like(parameters[int(index)], value)
        for position, key, value in plain:
            states.setdefault(int(position), {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": states, "param_groups": groups})


def _like(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return a value of the optimizer in the memory format of its parameter."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, device="cpu").copy_(value)


def _torch_states(device: torch.device) -> Tensors:
    """Return the states of torch's global generators."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_torch_states(states: Tensors, device: torch.device) -> None:
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states["mps"])


def _numpy_state() -> dict[str, Any]:
    state: Any = np.random.get_state(legacy=False)
    return {**state, "state": {**state["state"], "key": state["state"]["key"].tolist()}}


def _named(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }

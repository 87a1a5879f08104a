"""The state of an unfinished training as a file, so that it continues at the epoch it reached.

A continued training gives the same weights as one that was never interrupted: weights, optimizer,
averages and all random generators are stored. Nothing is unpickled.
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.text import one_line

if TYPE_CHECKING:
    import numpy as np
    import torch

    from .averaging import Averaging

SECONDS = 60.0  # between two files, so that short epochs are not slowed down
VERSION = 1
MAX_BYTES = 2**36


@dataclass
class TrainingState:
    """Everything that changes during a training.

    Attributes:
        generators: torch generators by purpose, on the CPU.
        numbers: numpy generators by purpose.
        averaging: The mean of the weights (text).
    """

    network: torch.nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    generators: dict[str, torch.Generator] = field(default_factory=dict)
    numbers: dict[str, np.random.Generator] = field(default_factory=dict)
    averaging: Averaging | None = None

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return all tensors by unique names."""
        import torch

        found = {f"network/{name}": one for name, one in self.network.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            for name, value in state.items():
                if isinstance(value, torch.Tensor):
                    found[f"optimizer/{index}/{name}"] = value
        if self.averaging is not None and self.averaging.mean is not None:
            mean = self.averaging.mean.state_dict()
            found |= {f"mean/{name}": one for name, one in mean.items()}
        for name, generator in self.generators.items():
            found[f"generator/{name}"] = generator.get_state()
        found["generator of torch/cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            found["generator of torch/cuda"] = torch.cuda.get_rng_state(self.device)
        return {name: one.detach().cpu().contiguous().clone() for name, one in found.items()}

    def values(self) -> dict[str, Any]:
        """Return everything else as JSON."""
        return {
            "numbers": {name: one.bit_generator.state for name, one in self.numbers.items()},
            "losses": self.averaging.losses if self.averaging is not None else [],
        }

    def restore(self, tensors: dict[str, torch.Tensor], values: dict[str, Any]) -> None:
        """Continue from what `tensors` and `values` returned."""
        import torch

        self.network.load_state_dict(_named("network/", tensors))
        states: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in _named("optimizer/", tensors).items():
            index, _, key = name.partition("/")
            states.setdefault(int(index), {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": states, "param_groups": groups})
        if self.averaging is not None:
            self.averaging.restore(values["losses"], _named("mean/", tensors))
        for name, generator in self.generators.items():
            generator.set_state(tensors[f"generator/{name}"])
        for name, one in self.numbers.items():
            one.bit_generator.state = values["numbers"][name]
        torch.set_rng_state(tensors["generator of torch/cpu"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["generator of torch/cuda"], self.device)


@dataclass
class ProgressFile:
    """The file of one training.

    Attributes:
        identity: Text that differs for every other training, code version included; a file of
            another one is ignored.
        curve: The reports of the finished epochs; a continued training fills it.
        seconds: Least time between two files.
    """

    path: Path
    identity: str
    curve: list[dict[str, Any]]
    seconds: float = field(default_factory=lambda: SECONDS)
    written: float = field(default_factory=time.monotonic)

    def continue_from(self, state: TrainingState) -> int:
        """Restore a training if its file is there; return the number of finished epochs.

        A file that is damaged or belongs to another training counts as missing.
        """
        from safetensors import SafetensorError, safe_open

        try:
            if self.path.stat().st_size > MAX_BYTES:
                return 0
            with safe_open(self.path, "pt") as file:
                said = json.loads((file.metadata() or {})["progress"])
                if (said["version"], said["identity"]) != (VERSION, self._identity(state)):
                    return 0
                names = list(file.keys())
                tensors = {name: file.get_tensor(name) for name in names}
        except (OSError, SafetensorError, KeyError, ValueError, TypeError):
            return 0
        state.restore(tensors, said["values"])
        self.curve[:] = said["curve"]
        return len(self.curve)

    def after_epoch(self, state: TrainingState) -> None:
        """Write the file if the last one is old enough; a full disk does not end a training."""
        if time.monotonic() - self.written < self.seconds:
            return
        from safetensors.torch import save as packed

        said = {
            "version": VERSION,
            "identity": self._identity(state),
            "values": state.values(),
            "curve": self.curve,
        }
        content = packed(state.tensors(), {"progress": json.dumps(said)})
        part = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}")
        with suppress(OSError):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(content)
                part.replace(self.path)
            finally:
                part.unlink(missing_ok=True)
        self.written = time.monotonic()

    def remove(self) -> None:
        """Remove the file, because the training has ended."""
        with suppress(OSError):
            self.path.unlink()

    def _identity(self, state: TrainingState) -> str:
        return one_line(f"{self.identity} {state.device.type}")


def _named(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)
    }

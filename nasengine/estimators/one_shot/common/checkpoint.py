"""Checkpoints of a supernet and its optimizers as named arrays.

Generators need no checkpoint: order, augmentation and samples of an epoch derive from (seed of the
search, epoch), and the learning rate from the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from ....core.errors import EngineError
from ....core.text import one_line
from ....core.weight_store import Checkpoint

if TYPE_CHECKING:
    from .supernet import Supernet

NETWORK = "network/"
OPTIMIZER = "optimiser/"
LEARNER = "learner/"
Optimizers = Mapping[str, torch.optim.Optimizer]


class Learner(Protocol):
    """A model trained together with the supernet, such as a controller, as named tensors."""

    def state(self) -> dict[str, torch.Tensor]: ...

    def load(self, state: Mapping[str, torch.Tensor]) -> None: ...


def save(supernet: Supernet, optimizers: Optimizers, learner: Learner | None = None) -> None:
    """Store a checkpoint under the proposal's number and drop the one that is no longer needed.

    Raises:
        EngineError: the checkpoint cannot be stored.
    """
    network, proposal = supernet.network, supernet.evaluation.proposal
    arrays = {f"{NETWORK}{name}": _array(tensor) for name, tensor in network.state_dict().items()}
    for name, optimizer in optimizers.items():
        for position, values in optimizer.state_dict()["state"].items():
            for key, value in values.items():
                if value is not None:
                    arrays[f"{OPTIMIZER}{name}/{position}/{key}"] = _array(torch.as_tensor(value))
    if learner is not None:
        arrays |= {f"{LEARNER}{name}": _array(tensor) for name, tensor in learner.state().items()}
    store = supernet.evaluation.weights
    store.put(proposal.number, Checkpoint(proposal.architecture, arrays))
    if supernet.note["spent"] is not None:
        store.drop(supernet.note["spent"])


def restore(supernet: Supernet, optimizers: Optimizers, learner: Learner | None = None) -> None:
    """Load the checkpoint that the proposal's note names, if it names one.

    Raises:
        EngineError: the checkpoint is missing, or does not fit the network.
    """
    number = supernet.note["from"]
    if number is None:
        return
    checkpoint = supernet.evaluation.weights.get(number)
    if checkpoint is None:
        raise EngineError(
            f"the supernet checkpoint of candidate {number} is missing: workers on several "
            "machines need a common folder for weights"
        )
    try:
        _load(supernet.network, optimizers, checkpoint.weights)
        if learner is not None:
            learner.load(_tensors(checkpoint.weights, LEARNER))
    except (KeyError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"the supernet checkpoint of candidate {number} does not fit: "
            f"{one_line(str(error), 200)}; start a new search"
        ) from None


def _load(
    network: torch.nn.Module, optimizers: Optimizers, arrays: Mapping[str, np.ndarray]
) -> None:
    network.load_state_dict(_tensors(arrays, NETWORK))
    for name, optimizer in optimizers.items():
        states: dict[int, dict[str, torch.Tensor]] = {}
        for path, tensor in _tensors(arrays, f"{OPTIMIZER}{name}/").items():
            position, _, key = path.partition("/")
            states.setdefault(int(position), {})[key] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": states, "param_groups": groups})


def _tensors(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, torch.Tensor]:
    """Return copies of the arrays with this prefix, by their names without it."""
    return {
        name.removeprefix(prefix): torch.from_numpy(array.copy())
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _array(tensor: torch.Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().contiguous().numpy()
    return array

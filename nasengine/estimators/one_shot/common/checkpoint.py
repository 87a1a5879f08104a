"""A shared network and its optimisers as named arrays, and back; nothing else is needed to go on.

There is no generator in it: the order of an epoch, its changes of images and whatever it draws
follow from (seed of the search, epoch), and so does the learning rate from the epoch alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from ....core.errors import EngineError
from ....core.weight_store import Checkpoint

if TYPE_CHECKING:
    from .supernet import Shared

NETWORK = "network/"
OPTIMISER = "optimiser/"
LEARNER = "learner/"
Optimisers = Mapping[str, torch.optim.Optimizer]


class Learner(Protocol):
    """What learns beside the network, as a controller does, as named tensors."""

    def state(self) -> dict[str, torch.Tensor]: ...

    def load(self, state: Mapping[str, torch.Tensor]) -> None: ...


def keep(shared: Shared, optimisers: Optimisers, learner: Learner | None = None) -> None:
    """Puts a checkpoint under its proposal's number, drops the one nobody can need any more.

    Raises:
        EngineError: it cannot be kept.
    """
    network, proposal = shared.network, shared.evaluation.proposal
    arrays = {f"{NETWORK}{name}": _array(one) for name, one in network.state_dict().items()}
    for name, optimiser in optimisers.items():
        for place, values in optimiser.state_dict()["state"].items():
            for key, value in values.items():
                if value is not None:
                    arrays[f"{OPTIMISER}{name}/{place}/{key}"] = _array(torch.as_tensor(value))
    if learner is not None:
        arrays |= {f"{LEARNER}{name}": _array(one) for name, one in learner.state().items()}
    store = shared.evaluation.weights
    store.put(proposal.number, Checkpoint(proposal.architecture, arrays))
    if shared.note["spent"] is not None:
        store.drop(shared.note["spent"])


def go_on(shared: Shared, optimisers: Optimisers, learner: Learner | None = None) -> None:
    """Takes over the checkpoint that the note names; one that names none begins anew.

    Raises:
        EngineError: there is none, or it is of another network.
    """
    number = shared.note["from"]
    if number is None:
        return
    legacy = shared.evaluation.weights.get(number)
    if legacy is None:
        raise EngineError(
            f"the shared network that candidate {number} left behind is not here: where workers "
            "run on several machines, they need one folder for weights"
        )
    try:
        _take(shared.network, optimisers, legacy.weights)
        if learner is not None:
            learner.load(_tensors(legacy.weights, LEARNER))
    except (KeyError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"the shared network that candidate {number} left behind does not fit: "
            f"{str(error)[:200]}; begin the search anew"
        ) from None


def _take(
    network: torch.nn.Module, optimisers: Optimisers, arrays: Mapping[str, np.ndarray]
) -> None:
    network.load_state_dict(_tensors(arrays, NETWORK))
    for name, optimiser in optimisers.items():
        states: dict[int, dict[str, torch.Tensor]] = {}
        for path, tensor in _tensors(arrays, f"{OPTIMISER}{name}/").items():
            place, _, key = path.partition("/")
            states.setdefault(int(place), {})[key] = tensor
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": states, "param_groups": groups})


def _tensors(arrays: Mapping[str, np.ndarray], start: str) -> dict[str, torch.Tensor]:
    """Copies of the arrays whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(start): torch.from_numpy(array.copy())
        for name, array in arrays.items()
        if name.startswith(start)
    }


def _array(tensor: torch.Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().contiguous().numpy()
    return array

"""Where a candidate's first weights come from, and what it leaves behind itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ...core.architecture import Architecture
from ...core.estimator import Evaluation
from ...core.weight_store import Checkpoint

NOTHING_LEFT = "parent left no weights"


@dataclass
class Inheritance:
    """What a candidate may take over: the legacy of its first parent that left one.

    `missing` says that there are parents and none of them left anything.
    """

    parent: int | None = None
    legacy: Checkpoint | None = None
    missing: bool = False

    @property
    def told(self) -> dict[str, Any]:
        """What reports and measurement say of it, nothing for a candidate without parents."""
        if self.legacy is not None:
            return {"inherited_from": self.parent}
        return {"inheritance": NOTHING_LEFT} if self.missing else {}

    def begin(self, evaluation: Evaluation, network: torch.nn.Module) -> dict[str, Any]:
        """Gives a freshly built network its first weights; says how much was taken over."""
        taken = 0
        if self.legacy is not None:
            taken = evaluation.space.inherit(
                evaluation.proposal.architecture,
                network,
                self.legacy.architecture,
                tensors_of(self.legacy),
            )
        whole = sum(parameter.numel() for parameter in network.parameters())
        return {**self.told, "inherited": taken, "parameters": whole}


def find_inheritance(evaluation: Evaluation) -> Inheritance:
    """Asks the parents in their order.

    Raises:
        EngineError: the weights are there and cannot be read.
    """
    parents = evaluation.proposal.parents
    for parent in parents:
        legacy = evaluation.weights.get(parent)
        if legacy is not None:
            return Inheritance(parent, legacy)
    return Inheritance(missing=bool(parents))


def checkpoint_of(architecture: Architecture, network: torch.nn.Module) -> Checkpoint:
    """Copies of a network's weights and running statistics, on the processor.

    bfloat16, which numpy does not know, becomes float32; nothing is lost by that.
    """
    weights = {}
    for name, tensor in network.state_dict().items():
        plain = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        copied = plain.detach().cpu().contiguous().numpy().copy()
        copied.flags.writeable = False
        weights[name] = copied
    return Checkpoint(architecture, weights)


def tensors_of(legacy: Checkpoint) -> dict[str, torch.Tensor]:
    """The weights as a state_dict of its own: who changes it changes no legacy."""
    return {name: torch.from_numpy(array.copy()) for name, array in legacy.weights.items()}

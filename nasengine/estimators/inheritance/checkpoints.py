"""The inherited weights of a candidate, and the checkpoint that it stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ...core.architecture import Architecture
from ...core.estimator import Evaluation
from ...core.weight_store import Checkpoint

NO_CHECKPOINT = "parent left no weights"  # shown in reports and measurements


@dataclass
class Inheritance:
    """The checkpoint that a candidate inherits: that of its first parent with one.

    `missing` is true if the candidate has parents but none of them has a checkpoint.
    """

    parent: int | None = None
    checkpoint: Checkpoint | None = None
    missing: bool = False

    @property
    def detail(self) -> dict[str, Any]:
        """Entries for reports and measurements; empty for a candidate without parents."""
        if self.checkpoint is not None:
            return {"inherited_from": self.parent}
        return {"inheritance": NO_CHECKPOINT} if self.missing else {}

    def initialise(self, evaluation: Evaluation, network: torch.nn.Module) -> dict[str, Any]:
        """Load the inherited weights into a new network; return the number of parameters."""
        inherited = 0
        if self.checkpoint is not None:
            inherited = evaluation.space.inherit(
                evaluation.proposal.architecture,
                network,
                self.checkpoint.architecture,
                tensors_of(self.checkpoint),
            )
        total = sum(parameter.numel() for parameter in network.parameters())
        return {**self.detail, "inherited": inherited, "parameters": total}


def find_inheritance(evaluation: Evaluation) -> Inheritance:
    """Return the inheritance of a proposal, searching its parents in order.

    Raises:
        EngineError: a checkpoint exists but cannot be read.
    """
    parents = evaluation.proposal.parents
    for parent in parents:
        checkpoint = evaluation.weights.get(parent)
        if checkpoint is not None:
            return Inheritance(parent, checkpoint)
    return Inheritance(missing=bool(parents))


def checkpoint_of(architecture: Architecture, network: torch.nn.Module) -> Checkpoint:
    """Return a copy of a network's weights and running statistics as NumPy arrays.

    bfloat16 becomes float32 without loss, because NumPy has no bfloat16.
    """
    weights = {}
    for name, tensor in network.state_dict().items():
        plain = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        array = plain.detach().cpu().contiguous().numpy().copy()
        array.flags.writeable = False
        weights[name] = array
    return Checkpoint(architecture, weights)


def tensors_of(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """Return the weights as a state_dict of copies."""
    return {name: torch.from_numpy(array.copy()) for name, array in checkpoint.weights.items()}

"""Names, shapes and types of the inputs and outputs of an exported network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from ..execution.network_folder import StoredNetwork


@dataclass(frozen=True)
class TensorSpec:
    """One input or output; the shape includes the batch, which is 1."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of an exported network, in order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @property
    def scores(self) -> str:
        """The name of the output with one value per class."""
        return self.outputs[0].name

    def to_json(self) -> dict[str, Any]:
        return {
            "inputs": [tensor.to_json() for tensor in self.inputs],
            "outputs": [tensor.to_json() for tensor in self.outputs],
        }


def signature_of(stored: StoredNetwork, network: torch.nn.Module, softmax: bool) -> Signature:
    """Return the signature of a network: an image, or one word and the recurrent state."""
    scores = TensorSpec("probabilities" if softmax else "logits", (1, stored.classes), "float32")
    if stored.data_kind == "images":
        return Signature((TensorSpec("image", (1, *stored.input_shape), "float32"),), (scores,))
    size = state_size(network)
    state = TensorSpec("state", (1, size), "float32")
    following = TensorSpec("next_state", (1, size), "float32")
    return Signature((TensorSpec("word", (1,), "int64"), state), (scores, following))


def state_size(network: torch.nn.Module) -> int:
    """Return the number of values in the recurrent state of a language model."""
    import torch

    with torch.no_grad():
        _, state = network(torch.zeros(1, 1, dtype=torch.int64))
    return int(state.shape[-1])

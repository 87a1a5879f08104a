"""Settings of an ONNX graph, which several targets share."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting

OPSETS = (18, 20)


@dataclass(frozen=True)
class GraphSettings:
    """Contents of an ONNX graph; equal settings give the same graph.

    Attributes:
        opset: Version of the ONNX operators, 18 or 20.
        dynamic_batch: The first dimension of inputs and outputs is free.
        softmax: Outputs are probabilities instead of logits.
        fold_batch_norm: Batch norms are part of the convolutions before them.
    """

    opset: int = 18
    dynamic_batch: bool = False
    softmax: bool = False
    fold_batch_norm: bool = True


def opset() -> str:
    """Return the setting `opset`."""
    return setting("18", "Version of the ONNX operators.", choices=tuple(map(str, OPSETS)))


def dynamic_batch() -> bool:
    """Return the setting `dynamic_batch`."""
    return setting(False, "Accept any number of inputs at once; off: exactly one.")


def softmax() -> bool:
    """Return the setting `softmax`."""
    return setting(False, "Return probabilities; off: logits.")


def fold_batch_norm() -> bool:
    """Return the setting `fold_batch_norm`."""
    return setting(
        True,
        "Multiply batch norms into the convolutions before them. Off: the file has every trained "
        "parameter as an initialiser of its own.",
    )

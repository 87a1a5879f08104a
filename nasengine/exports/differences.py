"""Compare the outputs of an exported model with those of the trained network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .examples import Arrays, Examples
    from .runtimes.onnx_runtime import Run


def excess(outputs: Arrays, expected: Arrays) -> float:
    """Return the largest difference, relative to the value where that is larger than 1.

    A tolerance of 1e-4 therefore allows 1e-4 for values up to 1, and 1e-3 for a value of 10. A
    value that is not finite counts as infinite, unless both are the same.
    """
    largest = 0.0
    for name, wanted in expected.items():
        got = np.asarray(outputs[name], dtype=np.float64)
        if got.shape != wanted.shape:
            return float("inf")
        wide = wanted.astype(np.float64)
        with np.errstate(invalid="ignore"):
            off = np.abs(got - wide) / np.maximum(1.0, np.abs(wide))
        off[got == wide] = 0.0
        off[np.isnan(off)] = np.inf
        largest = max(largest, float(off.max(initial=0.0)))
    return largest


@dataclass(frozen=True)
class Comparison:
    """Outputs of one model compared with those of the trained network.

    Attributes:
        inputs: Number of inputs that were compared.
        available: Number of inputs that the source has.
        source: Where the inputs come from.
        largest: Largest absolute difference of one output value.
        excess: Largest difference in the measure of the tolerance, see `excess`.
        same_class: Number of inputs for which both name the same class.
        right: Number of inputs whose class the model names correctly, None without labels.
        right_of_reference: The same for the trained network.
    """

    inputs: int
    available: int
    source: str
    largest: float
    excess: float
    same_class: int
    right: int | None
    right_of_reference: int | None

    def to_json(self) -> dict[str, Any]:
        return {
            "inputs": self.inputs,
            "available": self.available,
            "source": self.source,
            "largest_difference": self.largest,
            "relative_difference": self.excess,
            "same_class": self.same_class,
            "right": self.right,
            "right_of_trained_network": self.right_of_reference,
        }


def compare(
    run: Run, examples: Examples, scores: str, check: Callable[[], None] | None = None
) -> Comparison:
    """Run a model on every row and compare.

    Args:
        run: The model, for a batch of 1.
        examples: Inputs with the outputs of the trained network.
        scores: Name of the output with one value per class.
        check: Called before each row; it raises Cancelled if the export is to end.
    """
    largest = relative = 0.0
    classes, wanted = [], []
    for index in range(len(examples)):
        if check is not None:
            check()
        inputs, expected = examples.row(index)
        outputs = run(inputs)
        relative = max(relative, excess(outputs, expected))
        largest = max(largest, _largest(outputs, expected))
        classes.append(int(np.argmax(outputs[scores])))
        wanted.append(int(np.argmax(expected[scores])))
    same = int(np.sum(np.array(classes) == np.array(wanted)))
    right = right_of_reference = None
    if examples.labels is not None:
        right = int(np.sum(np.array(classes) == examples.labels))
        right_of_reference = int(np.sum(np.array(wanted) == examples.labels))
    return Comparison(
        len(examples),
        examples.available,
        examples.source,
        largest,
        relative,
        same,
        right,
        right_of_reference,
    )


def _largest(outputs: Arrays, expected: Arrays) -> float:
    return max(
        float(np.abs(outputs[name].astype(np.float64) - wanted).max())
        for name, wanted in expected.items()
    )

"""Int8 versions of a network: calibration on the train part, accuracy on the valid part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError
from ..core.settings import setting
from ..core.target import ModelFile
from .differences import compare
from .graph.quantise import QuantisationSettings, quantise
from .targets.onnx import RUNTIME as ONNX_RUNTIME
from .tolerances import scaled

if TYPE_CHECKING:
    from .context import ExportContext
    from .examples import Examples
    from .runtimes.onnx_runtime import Run

MAX_VALIDATION = 1000
TOLERANCE = 5e-2  # other processors round int8 sums in another way


def calibration_images() -> int:
    """Return the setting `calibration_images`."""
    return setting(
        256,
        "Images of the train part whose values set the scales of int8.",
        low=8,
        high=10_000,
    )


@dataclass(frozen=True)
class Quantised:
    """An int8 model, its accuracy for the deployment report, and one sentence about it."""

    model: ModelFile
    facts: dict[str, Any]
    note: str


class Quantiser:
    """Makes int8 models of one network and measures them.

    Args:
        context: The export.
        images: Number of images for calibration.
        softmax: The model returns probabilities.

    Raises:
        EngineError: the data set is not on this machine. Noise would give wrong scales.
    """

    def __init__(self, context: ExportContext, images: int, *, softmax: bool = False):
        self._context = context
        self._softmax = softmax
        self._source = context.examples(softmax)
        self._scores = context.signature(softmax).scores
        if self._source.missing:
            raise EngineError(
                f"int8 needs images of {context.stored.dataset['name']} for calibration: "
                f"{self._source.missing}; export in float32 or float16"
            )
        self.calibration: Examples = self._source.train(images)

    def for_onnx_runtime(self, source: Path, result: Path, method: str) -> Quantised:
        """Write an int8 version of an ONNX file for ONNX Runtime and measure it."""
        return self._statically(source, result, QuantisationSettings(method))

    def for_tensorrt(self, source: Path, result: Path) -> Quantised:
        """Write an int8 version of an ONNX file for TensorRT and measure it in ONNX Runtime."""
        return self._statically(source, result, QuantisationSettings(for_tensorrt=True))

    def measured(
        self, run: Run, name: str, runtime: str, layers: int, parts: tuple[str, ...] = ()
    ) -> Quantised:
        """Return an int8 model with its accuracy on the valid part, next to that in float32.

        Args:
            run: The model, for a batch of 1.
            name: Its file.
            runtime: The module that opens it.
            layers: Number of its layers whose weights are int8.
            parts: Other files of the model.
        """
        self._context.step("measure the accuracy in int8")
        examples = self._source.valid(MAX_VALIDATION)
        result = compare(run, examples, self._scores)
        right, reference = result.right or 0, result.right_of_reference or 0
        facts = {
            "calibration": {"images": len(self.calibration), "source": self.calibration.source},
            "layers": layers,
            "validation": {
                "images": result.inputs,
                "source": examples.source,
                "accuracy": right / result.inputs,
                "accuracy_of_trained_network": reference / result.inputs,
                "same_class": result.same_class / result.inputs,
                "largest_difference": result.largest,
            },
        }
        model = ModelFile(
            name,
            parts=parts,
            precision="int8",
            runtime=runtime,
            tolerance=scaled(TOLERANCE, self._context, self._softmax),
            reference="itself",
        )
        return Quantised(model, facts, _note(facts, name))

    def _statically(self, source: Path, result: Path, settings: QuantisationSettings) -> Quantised:
        from .runtimes.onnx_runtime import open_model

        self._context.step("quantise to int8")
        layers = quantise(source, result, self.calibration.inputs, settings)
        return self.measured(open_model(result), result.name, ONNX_RUNTIME, layers)


def _note(facts: dict[str, Any], name: str) -> str:
    valid = facts["validation"]
    return (
        f"{name}: {100 * valid['accuracy']:.2f} % of {valid['images']:,} validation images right "
        f"in int8, {100 * valid['accuracy_of_trained_network']:.2f} % in float32; the same class "
        f"for {100 * valid['same_class']:.2f} %."
    )

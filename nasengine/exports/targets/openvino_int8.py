"""Target `openvino-int8`: OpenVINO IR in int8, quantised by NNCF after training."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...core.settings import setting
from ...core.target import Built, Target
from ..graph.settings import GraphSettings
from ..quantisation import Quantiser, calibration_images
from .openvino import FILE, RUNTIME, WEIGHTS, name_layers

if TYPE_CHECKING:
    import openvino

    from ..context import ExportContext

NO_STATISTICS = "NNCF_CI"  # read when nncf is imported
LAYERS = ("Convolution", "GroupConvolution", "MatMul")


@dataclass(frozen=True)
class OpenvinoInt8Config:
    """Settings of `openvino-int8`."""

    calibration_images: int = calibration_images()
    preset: str = setting(
        "performance",
        "Activations symmetric like the weights (performance), or with a zero point of their own "
        "(mixed), which is slower and often more accurate.",
        choices=("performance", "mixed"),
    )


class OpenvinoInt8(Target):
    """OpenVINO IR with weights and activations in int8, for CPU, GPU and NPU of Intel."""

    name = "openvino-int8"
    title = "OpenVINO in int8"
    Config = OpenvinoInt8Config
    packages = ("onnx", "onnxscript", "openvino", "nncf")
    config: OpenvinoInt8Config

    def build(self, context: ExportContext) -> Built:
        import openvino

        from ..runtimes.openvino_runtime import open_model

        quantiser = Quantiser(context, self.config.calibration_images)
        folder = context.folder_for(self.name)
        source = context.onnx(GraphSettings()).path
        context.step("quantise to int8")
        images = quantiser.calibration.inputs["image"]
        model = quantised(source, images, self.config.preset)
        name_layers(model)
        openvino.save_model(model, folder / FILE, compress_to_fp16=False)
        result = quantiser.measured(
            open_model(folder / FILE), FILE, RUNTIME, quantised_layers(model), (WEIGHTS,)
        )
        return Built(
            files={FILE: folder / FILE, WEIGHTS: folder / WEIGHTS},
            models=(result.model,),
            requirements=("openvino",),
            notes=(result.note,),
            extra={"quantisation": result.facts},
        )


def quantised(source: Path, images: np.ndarray, preset: str) -> openvino.Model:
    """Return an OpenVINO model of an ONNX file in int8.

    Args:
        source: The ONNX file, which reads a batch of 1.
        images: The calibration set, n x c x h x w.
        preset: "performance" or "mixed".
    """
    import openvino

    with _quiet():
        import nncf

        return nncf.quantize(
            openvino.Core().read_model(str(source)),
            nncf.Dataset(images, lambda image: image[None]),
            preset=nncf.QuantizationPreset(preset),
            subset_size=len(images),
        )


def quantised_layers(model: openvino.Model) -> int:
    """Count the layers with weights whose weights are int8."""
    return sum(
        node.get_type_name() in LAYERS and _is_int8(node.input_value(1).get_node())
        for node in model.get_ordered_ops()
    )


def _is_int8(node: openvino.Node) -> bool:
    """Return whether a value is a constant of int8, scaled and reshaped."""
    while node.get_input_size() > 0:
        node = node.input_value(0).get_node()
    return str(node.get_element_type().get_type_name()) in ("i8", "u8")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence NNCF's progress bars and notes, and keep it from sending usage statistics."""
    os.environ.setdefault(NO_STATISTICS, "1")
    logger = logging.getLogger("nncf")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)

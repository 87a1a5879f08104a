"""Target `onnx-int8`: an ONNX file in int8, quantised statically."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.settings import setting
from ...core.target import Built, Target
from ..graph.quantise import METHODS
from ..graph.settings import GraphSettings
from ..quantisation import Quantiser, calibration_images

if TYPE_CHECKING:
    from ..context import ExportContext

FILE = "model_int8.onnx"


@dataclass(frozen=True)
class OnnxInt8Config:
    """Settings of `onnx-int8`."""

    calibration_images: int = calibration_images()
    method: str = setting(
        "minmax",
        "Range of values that int8 covers: all (minmax), without the rarest (percentile), or that "
        "which loses least information (entropy).",
        choices=METHODS,
    )


class OnnxInt8(Target):
    """ONNX with Q/DQ nodes: weights per channel and activations in int8, for ONNX Runtime."""

    name = "onnx-int8"
    title = "ONNX in int8"
    Config = OnnxInt8Config
    packages = ("onnx", "onnxscript", "onnxruntime")
    config: OnnxInt8Config

    def build(self, context: ExportContext) -> Built:
        quantiser = Quantiser(context, self.config.calibration_images)
        source = context.onnx(GraphSettings()).path
        path = context.folder_for(self.name) / FILE
        result = quantiser.for_onnx_runtime(source, path, self.config.method)
        return Built(
            files={FILE: path},
            models=(result.model,),
            requirements=("onnxruntime",),
            notes=(result.note,),
            extra={"quantisation": result.facts},
        )

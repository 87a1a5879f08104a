"""Target `onnx`: one ONNX file, the common format of inference runtimes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.target import Built, ModelFile, Target
from ..graph.settings import GraphSettings, dynamic_batch, fold_batch_norm, opset, softmax

if TYPE_CHECKING:
    from ..context import ExportContext

FILE = "model.onnx"
RUNTIME = "nasengine.exports.runtimes.onnx_runtime"


@dataclass(frozen=True)
class OnnxConfig:
    """Settings of `onnx`."""

    opset: str = opset()
    dynamic_batch: bool = dynamic_batch()
    softmax: bool = softmax()
    fold_batch_norm: bool = fold_batch_norm()


class Onnx(Target):
    """ONNX, run by ONNX Runtime and read by most other runtimes."""

    name = "onnx"
    title = "ONNX"
    Config = OnnxConfig
    data_kinds = ("images", "text")
    packages = ("onnx", "onnxscript", "onnxruntime")
    config: OnnxConfig

    def build(self, context: ExportContext) -> Built:
        model = context.onnx(graph_settings(self.config))
        path = context.folder_for(self.name) / FILE
        shutil.copyfile(model.path, path)
        return Built(
            files={FILE: path},
            models=(ModelFile(FILE, runtime=RUNTIME),),
            requirements=("onnxruntime",),
            softmax=self.config.softmax,
            extra={
                "opset": model.settings.opset,
                "parameters": {**model.parameters.to_json(), "unused": model.unused},
            },
        )


def graph_settings(config: OnnxConfig) -> GraphSettings:
    """Return the settings of the graph."""
    return GraphSettings(
        opset=int(config.opset),
        dynamic_batch=config.dynamic_batch,
        softmax=config.softmax,
        fold_batch_norm=config.fold_batch_norm,
    )

"""Target `openvino`: OpenVINO IR for CPU, GPU and NPU of Intel, the line that followed Movidius."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import EngineError
from ...core.settings import setting
from ...core.target import Built, ModelFile, Target
from ...core.text import one_line
from ..graph.settings import GraphSettings, dynamic_batch, softmax
from ..tolerances import HALF_TOLERANCE

if TYPE_CHECKING:
    import openvino

    from ..context import ExportContext

FILE = "model.xml"
WEIGHTS = "model.bin"
RUNTIME = "nasengine.exports.runtimes.openvino_runtime"
# Device and properties of `Core.compile_model`, for programs and for `openvino_runtime.py`.
DEVICES: dict[str, dict[str, Any]] = {
    "cpu": {
        "device": "CPU",
        "properties": {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"},
    },
    "npu": {
        "device": "NPU",
        "properties": {"PERFORMANCE_HINT": "LATENCY", "CACHE_DIR": "openvino-cache"},
    },
    "auto": {
        "device": "AUTO:NPU,GPU,CPU",
        "properties": {"PERFORMANCE_HINT": "LATENCY", "CACHE_DIR": "openvino-cache"},
    },
}


@dataclass(frozen=True)
class OpenvinoConfig:
    """Settings of `openvino`."""

    fp16: bool = setting(
        False, "Store the weights in float16: half the size, differences up to 1 %."
    )
    dynamic_batch: bool = dynamic_batch()
    softmax: bool = softmax()


class Openvino(Target):
    """OpenVINO IR, run on the CPU here, with settings for the NPU and for AUTO."""

    name = "openvino"
    title = "OpenVINO"
    Config = OpenvinoConfig
    data_kinds = ("images", "text")
    packages = ("onnx", "onnxscript", "openvino")
    config: OpenvinoConfig

    def build(self, context: ExportContext) -> Built:
        config = self.config
        graph = context.onnx(
            GraphSettings(dynamic_batch=config.dynamic_batch, softmax=config.softmax)
        )
        context.step("convert to OpenVINO")
        folder = context.folder_for(self.name)
        save_ir(graph.path, folder / FILE, fp16=config.fp16)
        files = {FILE: folder / FILE, WEIGHTS: folder / WEIGHTS}
        for device, settings in DEVICES.items():
            name = f"openvino-{device}.json"
            (folder / name).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
            files[name] = folder / name
        return Built(
            files=files,
            models=(
                ModelFile(
                    FILE,
                    parts=(WEIGHTS,),
                    precision="float16" if config.fp16 else "float32",
                    runtime=RUNTIME,
                    tolerance=HALF_TOLERANCE if config.fp16 else 1e-4,
                ),
            ),
            requirements=("openvino",),
            softmax=config.softmax,
            notes=_notes(config),
        )


def save_ir(onnx_file: Path, path: Path, *, fp16: bool) -> None:
    """Convert an ONNX file to OpenVINO IR: an .xml file and a .bin file next to it.

    `Core.read_model` uses the same converter as `openvino.convert_model`, which in addition
    sends usage statistics and writes paths into the file.

    Raises:
        EngineError: OpenVINO cannot convert the graph.
    """
    import openvino

    try:
        model = openvino.Core().read_model(str(onnx_file))
    except RuntimeError as error:
        reason = one_line(str(error), 300)
        raise EngineError(f"OpenVINO cannot convert the network: {reason}") from None
    name_layers(model)
    openvino.save_model(model, str(path), compress_to_fp16=fp16)


def name_layers(model: openvino.Model) -> None:
    """Number the layers: OpenVINO counts those of a whole process, so that names would vary."""
    kept = {*model.get_parameters(), *model.get_results()}
    for number, layer in enumerate(model.get_ordered_ops()):
        if layer not in kept:
            layer.set_friendly_name(f"{layer.get_type_name()}_{number}")


def _notes(config: OpenvinoConfig) -> tuple[str, ...]:
    if not config.dynamic_batch:
        return ()
    return ("The NPU takes static shapes only: export without dynamic_batch for it.",)

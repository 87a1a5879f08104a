"""Target `movidius`: an ONNX file in an old operator set, and the recipe of OpenVINO 2022.3."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ....core.settings import setting
from ....core.target import Built, ModelFile, Target
from ...graph.low_opset import IR_VERSIONS, to_opset
from ...graph.settings import GraphSettings
from ..onnx import RUNTIME as ONNX_RUNTIME

if TYPE_CHECKING:
    from ...context import ExportContext

FILE = "model.onnx"
REQUIREMENTS = "requirements-2022.3.txt"
SCRIPT = "convert.sh"
CHECK = Path(__file__).with_name("check_ir.py")
NOTES = (
    "Myriad sticks (NCS2, VAD) end with OpenVINO 2022.3: use the pinned packages, not a newer "
    "release.",
    "The NPU of newer Intel processors is another device: export the target openvino for it.",
)


@dataclass(frozen=True)
class MovidiusConfig:
    """Settings of `movidius`."""

    opset: str = setting(
        "11",
        "Version of the ONNX operators that the old converter reads.",
        choices=tuple(str(opset) for opset in IR_VERSIONS),
    )


class Movidius(Target):
    """Myriad X sticks with OpenVINO 2022.3: float16, batch 1, converted by its Model Optimizer."""

    name = "movidius"
    title = "Movidius (Myriad)"
    Config = MovidiusConfig
    packages = ("onnx", "onnxscript", "onnxruntime")
    config: MovidiusConfig

    def build(self, context: ExportContext) -> Built:
        import onnx

        folder = context.folder_for(self.name)
        graph = context.onnx(GraphSettings())
        context.step(f"rewrite for opset {self.config.opset}")
        onnx.save(to_opset(graph.load(), int(self.config.opset)), folder / FILE)
        shape = ",".join(str(size) for size in (1, *context.stored.input_shape))
        texts = {
            SCRIPT: _template(SCRIPT).replace("@SHAPE@", shape),
            REQUIREMENTS: _template(REQUIREMENTS),
        }
        built = {FILE: folder / FILE, CHECK.name: CHECK}
        for name, text in texts.items():
            built[name] = folder / name
            built[name].write_text(text, encoding="utf-8")
        return Built(
            files=built,
            models=(ModelFile(FILE, runtime=ONNX_RUNTIME),),
            requirements=("onnxruntime",),
            notes=NOTES,
            extra={"opset": int(self.config.opset)},
        )


def _template(name: str) -> str:
    return files(__package__).joinpath(f"{name}.template").read_text(encoding="utf-8")

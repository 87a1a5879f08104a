"""Target `tensorrt`: ONNX graphs per precision, scripts for TensorRT 10 and 11."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....core.settings import setting
from ....core.target import Built, ModelFile, Target
from ...graph.half import to_half
from ...graph.settings import GraphSettings
from ...quantisation import Quantiser, calibration_images
from ...tolerances import HALF_TOLERANCE, check_half, scaled
from ..onnx import RUNTIME as ONNX_RUNTIME
from .engine import build_engine
from .scripts import MODELS, Recipe, build_script

if TYPE_CHECKING:
    from ...context import ExportContext

PYTHON_BUILDER = Path(__file__).with_name("build_engine.py")


@dataclass(frozen=True)
class TensorRtConfig:
    """Settings of `tensorrt`."""

    precision: str = setting(
        "float16",
        "Precision that the build scripts use. Int8 adds a quantised graph to the archive.",
        choices=("float32", "float16", "int8"),
    )
    batch: int = setting(
        1, "Largest number of images per inference; 1 fixes the batch.", low=1, high=1024
    )
    workspace_mib: int = setting(
        1024, "Scratch memory that a layer may use.", low=16, high=65_536, unit="MiB"
    )
    calibration_images: int = calibration_images()


class TensorRt(Target):
    """TensorRT 10 and 11: graphs per precision, and scripts that build engines on the device."""

    name = "tensorrt"
    title = "TensorRT"
    Config = TensorRtConfig
    packages = ("onnx", "onnxscript", "onnxruntime")
    config: TensorRtConfig

    def build(self, context: ExportContext) -> Built:
        import onnx

        config = self.config
        folder = context.folder_for(self.name)
        graph = context.onnx(GraphSettings(dynamic_batch=config.batch > 1))
        single, half = MODELS["float32"], MODELS["float16"]
        shutil.copyfile(graph.path, folder / single)
        context.step("convert to float16")
        onnx.save(to_half(graph.load()), folder / half)
        half_tolerance = scaled(HALF_TOLERANCE, context)
        check_half(context, folder / half, half_tolerance)
        models = [
            ModelFile(single, runtime=ONNX_RUNTIME),
            ModelFile(
                half,
                precision="float16",
                runtime=ONNX_RUNTIME,
                tolerance=half_tolerance,
            ),
        ]
        extra: dict[str, Any] = {}
        notes: list[str] = []
        if config.precision == "int8":
            quantiser = Quantiser(context, config.calibration_images)
            result = quantiser.for_tensorrt(graph.path, folder / MODELS["int8"])
            models.append(result.model)
            extra["quantisation"] = result.facts
            notes.append(result.note)
        recipe = Recipe(
            config.precision,
            tuple(model.precision for model in models),
            context.stored.input_shape,
            config.batch,
            config.workspace_mib,
        )
        engine = build_engine(context, folder / MODELS[config.precision], recipe)
        return Built(
            files={model.path: folder / model.path for model in models} | _recipes(folder, recipe),
            models=tuple(models),
            requirements=("onnxruntime",),
            fell_back=engine.fell_back,
            notes=(*notes, engine.note),
            extra={**extra, "engine": engine.facts},
        )


def _recipes(folder: Path, recipe: Recipe) -> dict[str, Path]:
    """Write the scripts and return them by name."""
    files = {PYTHON_BUILDER.name: PYTHON_BUILDER}
    for major in (10, 11):
        name = f"build_{major}.sh"
        files[name] = folder / name
        files[name].write_text(build_script(major, recipe), encoding="utf-8")
    return files

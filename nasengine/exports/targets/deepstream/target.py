"""Target `deepstream`: model, configurations of nvinfer, labels and pipelines."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ....core.errors import InvalidSettings
from ....core.settings import setting
from ....core.target import Built, ModelFile, Target
from ...archive.facts import label_lines
from ...graph.settings import GraphSettings
from ...quantisation import Quantiser, calibration_images
from ..onnx import RUNTIME as ONNX_RUNTIME
from ..tensorrt.scripts import Recipe, build_script
from .nvinfer import (
    LABELS,
    PRIMARY,
    SECONDARY,
    Classifier,
    color_format,
    full_frame_config,
    labels_text,
    secondary_config,
)
from .pipeline import FULL_FRAME_SCRIPT, SECONDARY_SCRIPT, full_frame_script, secondary_script

if TYPE_CHECKING:
    from ...context import ExportContext

BUILD_SCRIPT = "build_10.sh"
VERSIONS = "Written for DeepStream 9.2 with TensorRT 10.16."


@dataclass(frozen=True)
class DeepStreamConfig:
    """Settings of `deepstream`."""

    precision: str = setting(
        "float16",
        "Precision of the engine on the device.",
        choices=("float32", "float16", "int8"),
    )
    batch: int = setting(16, "Frames or objects per inference.", low=1, high=1024)
    threshold: float = setting(
        0.5, "Probability below which no class is reported.", low=0.0, high=1.0
    )
    attribute: str = setting("class", "Name of the attribute that the classes are values of.")
    interval: int = setting(
        0, "Batches to skip between two inferences on full frames.", low=0, high=1000
    )
    min_object: int = setting(
        16, "Smallest width and height of an object to classify.", low=1, high=4096, unit="pixels"
    )
    reinfer_interval: int = setting(
        30, "Frames after which a tracked object is classified again.", low=0, high=100_000
    )
    workspace_mib: int = setting(
        1024, "Scratch memory that a layer may use.", low=16, high=65_536, unit="MiB"
    )
    calibration_images: int = calibration_images()

    def __post_init__(self) -> None:
        if not self.attribute.isidentifier():
            raise InvalidSettings(
                {"attribute": "must be one word of letters, digits and _, such as vehicle_type"}
            )


class DeepStream(Target):
    """DeepStream's nvinfer: classifies full frames, or the objects of a detector."""

    name = "deepstream"
    title = "DeepStream"
    Config = DeepStreamConfig
    packages = ("onnx", "onnxscript", "onnxruntime")
    config: DeepStreamConfig

    def build(self, context: ExportContext) -> Built:
        color_format(context.stored.input_shape[0])  # refused before the long steps
        folder = context.folder_for(self.name)
        graph = context.onnx(GraphSettings(dynamic_batch=True, softmax=True))
        classifier = self._classifier(context)
        path = folder / classifier.model
        model = ModelFile(classifier.model, runtime=ONNX_RUNTIME)
        notes = [VERSIONS]
        extra: dict[str, object] = {}
        if self.config.precision == "int8":
            quantiser = Quantiser(context, self.config.calibration_images, softmax=True)
            result = quantiser.for_tensorrt(graph.path, path)
            model = result.model
            extra["quantisation"] = result.facts
            notes.append(result.note)
        else:
            shutil.copyfile(graph.path, path)
        files = {classifier.model: path}
        for name, text in self._texts(context, classifier).items():
            files[name] = folder / name
            files[name].write_text(text, encoding="utf-8")
        return Built(
            files=files,
            models=(model,),
            requirements=("onnxruntime",),
            softmax=True,
            notes=tuple(notes),
            extra=extra,
        )

    def _classifier(self, context: ExportContext) -> Classifier:
        config = self.config
        return Classifier(
            image=cast("tuple[int, int, int]", context.stored.input_shape),
            precision=config.precision,
            threshold=config.threshold,
            name=config.attribute,
            batch=config.batch,
            interval=config.interval,
            min_object=config.min_object,
            reinfer_interval=config.reinfer_interval,
            workspace_mib=config.workspace_mib,
        )

    def _texts(self, context: ExportContext, classifier: Classifier) -> dict[str, str]:
        texts = {
            LABELS: labels_text(label_lines(context.stored)),
            PRIMARY: full_frame_config(classifier),
            SECONDARY: secondary_config(classifier),
            FULL_FRAME_SCRIPT: full_frame_script(),
            SECONDARY_SCRIPT: secondary_script(),
        }
        if classifier.precision == "int8":
            recipe = Recipe(
                precision="int8",
                precisions=("int8",),
                image=classifier.image,
                batch=classifier.batch,
                workspace_mib=classifier.workspace_mib,
            )
            texts[BUILD_SCRIPT] = build_script(10, recipe)
        return texts

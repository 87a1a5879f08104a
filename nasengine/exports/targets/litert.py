"""Target `litert`: a .tflite file for LiteRT, formerly TensorFlow Lite."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.target import Built, ModelFile, Target
from ..graph.convert import quiet
from ..optional import converter

if TYPE_CHECKING:
    import torch

    from ..context import ExportContext

FILE = "model.tflite"
RUNTIME = "nasengine.exports.runtimes.litert_runtime"


@dataclass(frozen=True)
class LiteRtConfig:
    """Settings of `litert`."""


class LiteRt(Target):
    """LiteRT for phones, microcontrollers with Linux, and browsers, converted by litert-torch."""

    name = "litert"
    title = "LiteRT"
    Config = LiteRtConfig
    packages = ("litert_torch", "ai_edge_litert")
    install = "pip install litert-torch ai-edge-litert"
    config: LiteRtConfig

    def build(self, context: ExportContext) -> Built:
        context.step("convert to LiteRT")
        path = context.folder_for(self.name) / FILE
        with converter(self.title), quiet(), contextlib.redirect_stdout(io.StringIO()):
            converted(context).export(str(path))
        return Built(
            files={FILE: path},
            models=(ModelFile(FILE, runtime=RUNTIME),),
            requirements=("ai-edge-litert",),
        )


def converted(context: ExportContext) -> Any:
    """Return the network as litert-torch converts it, with the names of the signature."""
    import litert_torch
    import torch

    signature = context.signature()
    (image,) = signature.inputs
    example = {image.name: torch.zeros(image.shape)}
    model = _named(context.model(), signature.scores)
    return litert_torch.signature("serving_default", model, sample_kwargs=example).convert()


def _named(model: torch.nn.Module, output: str) -> torch.nn.Module:
    """Return a module whose output has a name, which becomes that of the tensor."""
    import torch

    class Named(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
            return {output: self.model(image)}

    return Named().eval()

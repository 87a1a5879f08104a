"""The checked ONNX file of a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import EngineError
from ..signature import Signature
from .convert import convert
from .counting import ParameterCount, count_parameters
from .settings import GraphSettings

if TYPE_CHECKING:
    import onnx
    import torch

MAX_BYTES = 2**31 - 1  # of one protobuf message; larger models need a second file


@dataclass(frozen=True)
class OnnxModel:
    """An ONNX file that the checker accepted, and what it holds."""

    path: Path
    signature: Signature
    settings: GraphSettings
    parameters: ParameterCount

    def load(self) -> onnx.ModelProto:
        """Read the file."""
        import onnx

        return onnx.load(self.path)


def write_onnx(
    model: torch.nn.Module,
    signature: Signature,
    settings: GraphSettings,
    path: Path,
    parameters: int,
) -> OnnxModel:
    """Convert a module, check the graph and write it.

    Args:
        model: An ImageModel or WordModel in evaluation mode.
        signature: Its inputs and outputs.
        settings: Contents of the graph.
        path: The file to write.
        parameters: Trained parameters of the network; the file must hold as many.

    Raises:
        EngineError: the checker refuses the graph, the file is too large, or the number of
            trained parameters in it is another.
    """
    import onnx

    graph = convert(model, signature, settings)
    count = count_parameters(graph)
    if count.trained != parameters:
        raise EngineError(
            f"the ONNX graph holds {count.trained:,} trained parameters, the network has "
            f"{parameters:,}: please report this architecture"
        )
    for key, value in (("parameters", count.trained), ("folded", count.folded)):
        onnx.helper.set_model_props(graph, _props(graph) | {f"nasengine.{key}": str(value)})
    try:
        graph = onnx.shape_inference.infer_shapes(graph, strict_mode=True, data_prop=True)
        onnx.checker.check_model(graph, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise EngineError(f"onnx.checker refuses the graph: {error}") from None
    if graph.ByteSize() > MAX_BYTES:
        raise EngineError(
            f"the network has {graph.ByteSize():,} bytes, one ONNX file holds at most "
            f"{MAX_BYTES:,}: choose fewer channels or cells"
        )
    path.write_bytes(graph.SerializeToString(deterministic=True))
    return OnnxModel(path, signature, settings, count)


def _props(model: onnx.ModelProto) -> dict[str, str]:
    return {prop.key: prop.value for prop in model.metadata_props}

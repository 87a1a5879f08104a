"""The checked ONNX file of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import EngineError
from ..signature import Signature
from .convert import convert
from .counting import ParameterCount, count_parameters, missing_parameters
from .settings import GraphSettings

if TYPE_CHECKING:
    import onnx
    import torch

MAX_BYTES = 2**31 - 1  # of one protobuf message; larger models need a second file


@dataclass(frozen=True)
class OnnxModel:
    """An ONNX file that the checker accepted, and what it holds.

    Attributes:
        parameters: The values in the file by origin.
        unused: Trained parameters that are left out because no output depends on them.
    """

    path: Path
    signature: Signature
    settings: GraphSettings
    parameters: ParameterCount
    unused: int

    def load(self) -> onnx.ModelProto:
        """Read the file."""
        import onnx

        return onnx.load(self.path)


def write_onnx(
    model: torch.nn.Module,
    signature: Signature,
    settings: GraphSettings,
    path: Path,
    parameters: Mapping[str, int],
) -> OnnxModel:
    """Convert a module, check the graph and write it.

    Args:
        model: An ImageModel or WordModel in evaluation mode.
        signature: Its inputs and outputs.
        settings: Contents of the graph.
        path: The file to write.
        parameters: Sizes of the trained parameters by name. The file must hold all on which an
            output depends.

    Raises:
        EngineError: the checker refuses the graph, the file is too large, or the number of
            trained parameters in it is wrong.
    """
    import onnx

    graph = convert(model, signature, settings)
    count = count_parameters(graph)
    unused = sum(parameters[name] for name in missing_parameters(graph, parameters))
    total = sum(parameters.values())
    if count.trained + unused != total:
        raise EngineError(
            f"the ONNX graph holds {count.trained:,} trained parameters and leaves out {unused:,}, "
            f"the network has {total:,}: please report this architecture"
        )
    props = {"parameters": total, "unused_parameters": unused, "folded": count.folded}
    for key, value in props.items():
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
    return OnnxModel(path, signature, settings, count, unused)


def _props(model: onnx.ModelProto) -> dict[str, str]:
    return {prop.key: prop.value for prop in model.metadata_props}

"""From a PyTorch module to an ONNX graph: torch.onnx.export, then simplification by rules."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..signature import Signature
from .counting import CONSTANT, NORMALISATION
from .folding import fold_batch_norms
from .settings import GraphSettings

if TYPE_CHECKING:
    import onnx
    import onnx_ir
    import torch

WRAPPER = "network."  # prefix of parameter names inside ImageModel and WordModel
PRODUCER = "nasengine"
GRAPH_NAME = "network"


def convert(
    model: torch.nn.Module, signature: Signature, settings: GraphSettings
) -> onnx.ModelProto:
    """Return the ONNX graph of an ImageModel or WordModel in evaluation mode.

    Initialisers have the names of the network's parameters; other values begin with
    "constant." or "normalisation.". The graph holds no path and no source line of this machine,
    and equal modules give equal bytes.
    """
    import onnx_ir

    exported = _exported(model, signature, settings)
    _simplify(exported)
    if settings.fold_batch_norm:
        fold_batch_norms(exported.graph)
    _clean(exported)
    _rename(exported.graph)
    proto = onnx_ir.to_proto(exported)
    for values in (proto.graph.input, proto.graph.output, proto.graph.value_info):
        for value in values:
            del value.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.metadata_props[:]
    proto.producer_name, proto.producer_version = PRODUCER, ""
    proto.graph.name = GRAPH_NAME
    return proto


def _exported(
    model: torch.nn.Module, signature: Signature, settings: GraphSettings
) -> onnx_ir.Model:
    import torch

    dynamic: dict[str, dict[int, torch.export.Dim]] | None = None
    batch = 1
    if settings.dynamic_batch:
        # An example of batch 1 would make torch.export take 1 for a constant.
        batch = 2
        free = torch.export.Dim("batch")
        dynamic = {spec.name: {0: free} for spec in signature.inputs}
    examples = tuple(
        torch.zeros(batch, *spec.shape[1:], dtype=getattr(torch, spec.dtype))
        for spec in signature.inputs
    )
    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            model,
            examples,
            dynamo=True,
            opset_version=settings.opset,
            input_names=[spec.name for spec in signature.inputs],
            output_names=[spec.name for spec in signature.outputs],
            dynamic_shapes=dynamic,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    return program.model


def _simplify(model: onnx_ir.Model) -> None:
    """Compute shapes in advance and remove what has no effect; parameters stay as they are."""
    import onnx_ir.passes.common as passes
    from onnx_ir.passes import Sequential
    from onnxscript import optimizer

    parameters = {
        value
        for value in model.graph.initializers.values()
        if value.dtype is not None and value.dtype.is_floating_point()
    }

    def foldable(node: onnx_ir.Node) -> bool | None:
        return False if any(value in parameters for value in node.inputs) else None

    with quiet():
        Sequential(passes.InlinePass())(model)
        _drop_zero_biases(model.graph)
        optimizer.fold_constants_ir(model, should_fold=foldable)
        Sequential(
            passes.IdentityEliminationPass(),
            passes.RemoveUnusedNodesPass(),
            passes.RemoveUnusedFunctionsPass(),
            passes.RemoveUnusedOpsetsPass(),
            passes.CommonSubexpressionEliminationPass(),
            passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
            passes.RemoveUnusedNodesPass(),
        )(model)


def _drop_zero_biases(graph: onnx_ir.Graph) -> None:
    """Remove the bias of convolutions that have none: torch.onnx expands a zero for each."""
    for node in graph:
        if node.op_type == "Conv" and len(node.inputs) == 3:
            bias = node.inputs[2]
            producer = bias.producer() if bias is not None else None
            if producer is not None and producer.op_type == "Expand":
                node.resize_inputs(2)


def _clean(model: onnx_ir.Model) -> None:
    import onnx_ir.passes.common as passes
    from onnx_ir.passes import Sequential

    Sequential(
        passes.RemoveUnusedNodesPass(),
        passes.ClearMetadataAndDocStringPass(),
        passes.NameFixPass(),
        passes.TopologicalSortPass(),
    )(model)


def _rename(graph: onnx_ir.Graph) -> None:
    """Give parameters the names of the network, and other values ones that say what they are."""
    constants = 0
    for name, value in list(graph.initializers.items()):
        if name.startswith(WRAPPER):
            value.name = name.removeprefix(WRAPPER)
        elif name in ("mean", "std"):
            value.name = NORMALISATION + name
        else:
            value.name = f"{CONSTANT}{constants}"
            constants += 1


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the notes of torch's exporter about operators that are not used here."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)

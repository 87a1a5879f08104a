"""Target `executorch`: a .pte program for ExecuTorch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.settings import setting
from ...core.target import Built, ModelFile, Target
from ..graph.convert import quiet
from ..optional import converter

if TYPE_CHECKING:
    import torch

    from ..context import ExportContext

FILE = "model.pte"
RUNTIME = "nasengine.exports.runtimes.executorch_runtime"
DELEGATE = "executorch_call_delegate"


@dataclass(frozen=True)
class ExecuTorchConfig:
    """Settings of `executorch`."""

    backend: str = setting(
        "xnnpack",
        "Kernels: optimised for CPUs of Arm and x86 (xnnpack), or those that run everywhere "
        "(portable), which are slow.",
        choices=("xnnpack", "portable"),
    )


class ExecuTorch(Target):
    """ExecuTorch for phones and embedded devices: the network stays in PyTorch's operators."""

    name = "executorch"
    title = "ExecuTorch"
    Config = ExecuTorchConfig
    packages = ("executorch",)
    install = "pip install executorch"
    config: ExecuTorchConfig

    def build(self, context: ExportContext) -> Built:
        context.step("convert to ExecuTorch")
        path = context.folder_for(self.name) / FILE
        with converter(self.title), quiet():
            program, outside = lowered(context, self.config.backend)
        path.write_bytes(program)
        fell_back = tuple(
            f"{count} x {operator} in portable kernels"
            for operator, count in sorted(outside.items())
        )
        return Built(
            files={FILE: path},
            models=(ModelFile(FILE, runtime=RUNTIME),),
            requirements=("executorch", "torch"),
            fell_back=fell_back if self.config.backend == "xnnpack" else (),
            extra={"backend": self.config.backend},
        )


def lowered(context: ExportContext, backend: str) -> tuple[bytes, Counter[str]]:
    """Return the program and how often each operator runs outside of the backend."""
    import torch
    from executorch.exir import to_edge_transform_and_lower

    (image,) = context.signature().inputs
    exported = torch.export.export(context.model(), (torch.zeros(image.shape),))
    edge = to_edge_transform_and_lower(exported, partitioner=_partitioners(backend))
    return edge.to_executorch().buffer, _outside(edge.exported_program())


def _partitioners(backend: str) -> list[Any]:
    if backend == "portable":
        return []
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner

    return [XnnpackPartitioner()]


def _outside(program: torch.export.ExportedProgram) -> Counter[str]:
    """Count the operators that no backend took."""
    names = (str(node.target) for node in program.graph.nodes if node.op == "call_function")
    return Counter(name for name in names if DELEGATE not in name and "getitem" not in name)

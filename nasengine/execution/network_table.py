"""Table of a whole network: its parts with shapes, parameters and multiply-accumulates.

The network is built and run on torch's meta device, where tensors have shapes but no data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.architecture import Architecture
from ..objectives.common.network_input import batch_of
from ..objectives.macs import FLOPS_PER_MAC
from ..objectives.params import EXCLUDED
from ..spaces.common.deployment import as_deployed
from .building import check_builds, space_of

if TYPE_CHECKING:
    import torch

REST = "other parameters"


@dataclass
class Part:
    """A part of a network, or an operation in it.

    Attributes:
        name: Name of the module, as in `cells.3` or `operations.2.0`.
        kind: Its operation or class.
        inputs: Shape of the input without the batch; empty if it is not called on its own.
        outputs: Shape of the output without the batch.
        params: Trainable parameters.
        macs: Multiply-accumulates for one input.
        parts: Its own parts, one level deep.
    """

    name: str
    kind: str
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    params: int = 0
    macs: int = 0
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class NetworkTable:
    """The parts of a network in the order in which they run; their costs add up."""

    shape: tuple[int, ...]
    classes: int
    params: int
    macs: int
    parts: list[Part]

    def to_json(self) -> dict[str, Any]:
        return {
            "input_shape": list(self.shape),
            "classes": self.classes,
            "params": self.params,
            "macs": self.macs,
            "parts": [asdict(part) for part in self.parts],
        }


def network_table(architecture: Architecture, shape: tuple[int, ...], classes: int) -> NetworkTable:
    """Return the table of an architecture's network in the form in which it is deployed.

    Args:
        architecture: The architecture.
        shape: Channels x height x width of an image; (1,) for a word.
        classes: Number of classes or words.

    Raises:
        EngineError: the space refuses its settings or the architecture.
    """
    import torch

    space = space_of(architecture)
    space.validate(architecture)
    check_builds(space)
    with torch.device("meta"):
        network = as_deployed(space.build(architecture, shape, classes)).eval()
    return table_of(network, shape, classes)


def table_of(network: torch.nn.Module, shape: tuple[int, ...], classes: int) -> NetworkTable:
    """Return the table of a network on the meta device, in evaluation mode."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    shapes: dict[str, tuple[list[int], list[int]]] = {}
    names = {module: name for name, module in network.named_modules()}
    hooks = [
        module.register_forward_hook(_recorder(shapes, name)) for module, name in names.items()
    ]
    dtype = next(p.dtype for p in network.parameters() if p.is_floating_point())
    example = batch_of(shape, 1, dtype, torch.device("meta"))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(example)
    for hook in hooks:
        hook.remove()
    macs = _macs_by_module(counter, type(network).__name__)
    params = _params_by_module(network)
    parts = [
        _part(module, name, shapes, params, macs, deeper=True)
        for name, module in _children(network)
        if params[name] or macs[name] or name in shapes
    ]
    # A forward hook runs at the end of a call, so the order of the shapes is that of execution.
    called = {name: place for place, name in enumerate(shapes)}
    parts.sort(key=lambda part: called.get(part.name, len(called)))
    totals = params[""], macs[""]
    rest = totals[0] - sum(p.params for p in parts), totals[1] - sum(p.macs for p in parts)
    if any(rest):
        parts.append(Part(REST, "", params=rest[0], macs=rest[1]))
    return NetworkTable(shape, classes, *totals, parts)


def _children(module: torch.nn.Module, prefix: str = "") -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield the direct parts of a module; lists of modules are replaced by their members."""
    from torch import nn

    for name, child in module.named_children():
        full = f"{prefix}{name}"
        if isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from _children(child, f"{full}.")
        elif not full.startswith(EXCLUDED):
            yield full, child


def _part(
    module: torch.nn.Module,
    name: str,
    shapes: dict[str, tuple[list[int], list[int]]],
    params: dict[str, int],
    macs: dict[str, int],
    *,
    deeper: bool,
) -> Part:
    inputs, outputs = shapes.get(name, ([], []))
    part = Part(name, _kind(module), inputs, outputs, params[name], macs[name])
    if deeper:
        inner = [
            _part(child, f"{name}.{own}", shapes, params, macs, deeper=False)
            for own, child in _children(module)
        ]
        part.parts = [child for child in inner if child.params or child.macs or child.outputs]
        for child in part.parts:
            child.name = child.name.removeprefix(f"{name}.")
        part.parts = part.parts if len(part.parts) > 1 else []
    return part


def _kind(module: torch.nn.Module) -> str:
    """Return the operation that a module is, or the name of its class."""
    return str(getattr(module, "operation_name", "") or type(module).__name__)


def _recorder(shapes: dict[str, tuple[list[int], list[int]]], name: str) -> Any:
    def record(module: torch.nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        read = next((value for value in inputs if hasattr(value, "shape")), None)
        given = output[0] if isinstance(output, tuple) else output
        if read is not None and hasattr(given, "shape"):
            shapes.setdefault(name, (list(read.shape[1:]), list(given.shape[1:])))

    return record


def _params_by_module(network: torch.nn.Module) -> dict[str, int]:
    """Return the number of parameters below each module name; "" for the whole network."""
    counts: dict[str, int] = defaultdict(int)
    for name, parameter in network.named_parameters():
        if not name.startswith(EXCLUDED):
            for prefix in _prefixes(name):
                counts[prefix] += parameter.numel()
    return counts


def _macs_by_module(counter: Any, root: str) -> dict[str, int]:
    """Return the multiply-accumulates of each module by its name; "" for the whole network."""
    counts: dict[str, int] = defaultdict(int)
    for name, operations in counter.get_flop_counts().items():
        flops = sum(operations.values())
        if name in ("Global", root):
            counts[""] = max(counts[""], flops // FLOPS_PER_MAC)
        else:
            counts[name.removeprefix(f"{root}.")] += flops // FLOPS_PER_MAC
    return counts


def _prefixes(name: str) -> Iterator[str]:
    yield ""
    parts = name.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length])

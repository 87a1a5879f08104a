"""Inspection of a kept architecture: does it still build the network that it was?

The network is rebuilt and counted. If a trained network is stored, it is loaded and its outputs
for a fixed input are compared with those of an earlier inspection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.architecture import Architecture
from ..core.errors import EngineError
from ..data.common.named import named_dataset
from .building import TABLE_SHAPES, space_of
from .network_folder import load_stored
from .network_table import network_table

if TYPE_CHECKING:
    import torch

TOLERANCE = 1e-4  # of outputs, as a share of the largest one
SAMPLES = 2
WORDS = 8
# For architectures whose data set is not known any more.
DEFAULT_IMAGE, DEFAULT_TEXT = ((3, 32, 32), 10), ((1,), 10_000)


@dataclass(frozen=True)
class Inspected:
    """Result of an inspection.

    Attributes:
        problems: Differences, as sentences; none if everything is as before.
        counts: The rebuilt network's parameters and multiply-accumulates.
        network: The table of the whole network as JSON.
        outputs: {"sha256", "values", "largest"} of the stored network; {} without one.
    """

    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def inspect(
    architecture: Architecture,
    shape: tuple[int, ...],
    classes: int,
    *,
    expected: Mapping[str, float] | None = None,
    folder: Path | None = None,
    before: Mapping[str, Any] | None = None,
) -> Inspected:
    """Rebuild an architecture, count it, and compare the outputs of its stored network.

    Args:
        architecture: The architecture.
        shape: Input shape.
        classes: Number of classes or words.
        expected: Counts that are known, by objective: "params", "macs".
        folder: Folder of its trained network, if there is one.
        before: `outputs` of an earlier inspection, if there was one.
    """
    problems: list[str] = []
    try:
        table = network_table(architecture, shape, classes)
    except EngineError as error:
        return Inspected([f"cannot be rebuilt: {error}"])
    counts = {"params": table.params, "macs": table.macs}
    for name, value in (expected or {}).items():
        if name in counts and counts[name] != value:
            problems.append(
                f"{name} of the rebuilt network: {counts[name]:,} instead of {value:,.0f}"
            )
    outputs: dict[str, Any] = {}
    if folder is not None:
        try:
            outputs = _outputs(folder, before or {})
        except EngineError as error:
            problems.append(f"the stored network cannot be loaded: {error}")
    if outputs.get("differs"):
        problems.append(
            f"outputs of the stored network differ from those of the first check by "
            f"{outputs['largest']:.3g}; at most {TOLERANCE:g} of the largest is allowed"
        )
    return Inspected(problems, counts, table.to_json(), outputs)


def input_of(
    architecture: Architecture, dataset: str, config: Mapping[str, Any]
) -> tuple[tuple[int, ...], int]:
    """Return the input shape and number of classes of a data set, or a default without one."""
    if dataset:
        try:
            facts = named_dataset(dataset, dict(config)).facts()
            return tuple(facts.shape), facts.classes
        except EngineError:
            if dataset in TABLE_SHAPES:
                return TABLE_SHAPES[dataset]
    return DEFAULT_TEXT if space_of(architecture).data_kind == "text" else DEFAULT_IMAGE


def _outputs(folder: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs of a stored network for a fixed input, compared with earlier ones."""
    import torch

    stored = load_stored(folder)
    digest = stored.weights.sha256 if stored.weights else ""
    with torch.no_grad():
        answer = stored.network()(_example(stored.input_shape, stored.classes))
    logits = answer[0] if isinstance(answer, tuple) else answer
    values = logits.reshape(-1)[: 50 * SAMPLES].double().tolist()
    found: dict[str, Any] = {"sha256": digest, "values": values, "largest": 0.0, "differs": False}
    if before.get("sha256") == digest and len(before.get("values", [])) == len(values):
        pairs = zip(values, before["values"], strict=True)
        found["largest"] = max((abs(a - b) for a, b in pairs), default=0.0)
        scale = max((abs(value) for value in before["values"]), default=0.0)
        found["differs"] = found["largest"] > TOLERANCE * max(scale, 1.0)
        found["values"] = before["values"]  # those of the first check stay the reference
    return found


def _example(shape: tuple[int, ...], classes: int) -> torch.Tensor:
    """Return a fixed batch of noise, or of words."""
    import torch

    generator = torch.Generator().manual_seed(0)
    if len(shape) == 1:
        return torch.randint(classes, (SAMPLES, WORDS), generator=generator)
    return torch.randn(SAMPLES, *shape, generator=generator)

"""Rewrite the graphs of random and published networks for devices and compare the outputs.

    python benchmarks/device_graphs.py [--spaces a,b|published] [--count 1]
                                       [--shapes 3x32x32] [--inputs 16]

Float16 graphs (TensorRT), opset 11 (Movidius) and int8 graphs (ONNX Runtime, TensorRT) run in
ONNX Runtime on random pixels. A line per space and shape: networks; for each graph the largest
difference, as a share of the largest output where that is above 1, and the inputs for which it
names the class of the trained network; the networks that could not be rewritten. Weights are
random, so logits are close together and int8 changes more classes than after a training. Writes
no files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.exports import architectures, description, shape_of
from nasengine.catalog import load, names
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.building import build
from nasengine.execution.network_folder import save_network
from nasengine.exports.context import ExportContext
from nasengine.exports.differences import compare
from nasengine.exports.graph.half import to_half
from nasengine.exports.graph.low_opset import to_opset
from nasengine.exports.graph.quantise import QuantisationSettings, quantise
from nasengine.exports.graph.settings import GraphSettings
from nasengine.exports.runtimes.onnx_runtime import open_model
from tests.fixtures.networks import remember_operators, seem_trained

CLASSES = 10
BOUNDS = {"float16": 1e-2, "free batch": 1e-2, "opset 11": 1e-4}  # int8 has none


@dataclass
class Row:
    """Findings about the networks of one space at one input shape."""

    networks: int = 0
    inputs: int = 0
    largest: dict[str, float] = field(default_factory=dict)
    same: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def add(self, graph: str, difference: float, same: int) -> None:
        """Count one graph of one network."""
        self.largest[graph] = max(self.largest.get(graph, 0.0), difference)
        self.same[graph] = self.same.get(graph, 0) + same

    def __str__(self) -> str:
        figures = "  ".join(
            f"{graph} {self.largest[graph]:.1e} {self.same[graph]}/{self.inputs}"
            for graph in self.largest
        )
        return f"{self.networks:>3} networks  {figures}"


def main() -> int:
    """Print a line per space and shape; return 1 if a graph fails or differs too much."""
    args = _arguments()
    torch.set_num_threads(1)
    remember_operators()
    bad = False
    for space in args.spaces.split(","):
        for text in args.shapes.split(","):
            started = time.monotonic()
            row = Row()
            for name, architecture in architectures(space, shape_of(text), args.count, False):
                try:
                    _examine(architecture, shape_of(text), args.inputs, row)
                except (EngineError, RuntimeError) as error:
                    row.failed.append(f"{name}: {error}")
            print(f"{space:<18} {text:<10} {row}  {time.monotonic() - started:4.0f} s", flush=True)
            for line in row.failed:
                print(f"    failed: {line}", flush=True)
            beyond = [name for name in BOUNDS if row.largest.get(name, 0.0) > BOUNDS[name]]
            bad = bad or bool(row.failed or beyond)
    return int(bad)


def _examine(architecture: Architecture, shape: tuple[int, ...], inputs: int, row: Row) -> None:
    """Rewrite the graph of one network in every way and add the findings to the row."""
    network = build(architecture, shape, CLASSES, seed=0)
    seem_trained(network)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = save_network(network, description(architecture, shape), folder / "network")
        context = ExportContext(stored, folder)
        examples = context.examples().valid(inputs)
        for graph, path in _rewritten(context, folder, examples.inputs).items():
            found = compare(open_model(path, 1), examples, "logits")
            scale = max(1.0, float(np.abs(examples.outputs["logits"]).max()))
            row.add(graph, found.largest / scale, found.same_class)
        row.networks += 1
        row.inputs += len(examples)


def _rewritten(
    context: ExportContext, folder: Path, inputs: dict[str, np.ndarray]
) -> dict[str, Path]:
    """Write every graph of a network and return the files."""
    paths = {
        name: folder / f"{number}.onnx"
        for number, name in enumerate((*BOUNDS, "int8", "int8 TensorRT"))
    }
    graph = context.onnx()
    onnx.save(to_half(graph.load()), paths["float16"])
    onnx.save(to_half(context.onnx(GraphSettings(dynamic_batch=True)).load()), paths["free batch"])
    onnx.save(to_opset(graph.load(), 11), paths["opset 11"])
    for name in ("int8", "int8 TensorRT"):
        settings = QuantisationSettings(for_tensorrt=name != "int8")
        quantise(graph.path, paths[name], inputs, settings)
    return paths


def _arguments() -> argparse.Namespace:
    images = [name for name in names("spaces") if load("spaces", name).data_kind == "images"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--spaces", default=",".join([*images, "published"]))
    parser.add_argument("--count", type=int, default=1, help="random architectures of a space")
    parser.add_argument("--shapes", default="3x32x32")
    parser.add_argument("--inputs", type=int, default=16, help="inputs that are compared")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

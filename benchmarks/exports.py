"""Export random and published networks to ONNX and OpenVINO and compare them with PyTorch.

    python benchmarks/exports.py [--spaces a,b|published|recurrent] [--count 1]
                                 [--shapes 3x32x32] [--full] [--inputs 8]
    python benchmarks/exports.py --count 20 --shapes 1x8x8,3x32x32,3x224x224

Weights are random, batch norms have statistics as after a training. Every network is converted
as `python -m nasengine export` does it (checker, shape inference, count of parameters included)
and run in ONNX Runtime and in OpenVINO on random pixels. A line per space and shape: networks,
largest difference (relative to values above 1), inputs for which all name the same class, and
the networks that could not be exported. Networks have few cells and channels, because sizes do
not change which operators a graph has; with --full published networks have those of the papers.
Writes no files.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.catalog import load, names
from nasengine.core.architecture import Architecture
from nasengine.core.dataset import Preprocessing
from nasengine.core.errors import EngineError
from nasengine.core.settings import from_mapping
from nasengine.core.text import one_line
from nasengine.execution.building import build
from nasengine.execution.network_folder import StoredNetwork, save_network
from nasengine.exports.context import ExportContext
from nasengine.exports.differences import compare
from nasengine.exports.runtimes import onnx_runtime, openvino_runtime
from nasengine.exports.targets.openvino import save_ir
from nasengine.spaces.common.membership import resized
from tests.fixtures.networks import remember_operators, seem_trained

SMALL: dict[str, Any] = {"cells": 3, "channels": 4, "hidden": 16}
SMALL_SPACES: dict[str, dict[str, Any]] = {"chain-condensenet": {"stages": (1, 2, 3)}}
# The sizes of the papers: 20 cells of 36 channels for CIFAR, 14 of 48 for ImageNet.
FULL = {"cells": "20", "channels": "36"}
FULL_IMAGENET = {"cells": "14", "channels": "48"}
IMAGENET_SIDE = 224
CLASSES = 10
VOCABULARY = 100
RUNTIMES = ("onnx", "openvino")


@dataclass
class Row:
    """Findings about the networks of one space at one input shape."""

    networks: int = 0
    inputs: int = 0
    largest: dict[str, float] = field(default_factory=lambda: dict.fromkeys(RUNTIMES, 0.0))
    same: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RUNTIMES, 0))
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        figures = "  ".join(
            f"{name} {self.largest[name]:.1e} {self.same[name]}/{self.inputs}" for name in RUNTIMES
        )
        return f"{self.networks:>3} networks  {figures}  {self.seconds:6.0f} s"


def main() -> int:
    """Print a line per space and shape; return 1 if a network fails or differs by over 1e-4."""
    args = _arguments()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    remember_operators()
    bad = 0
    for space in args.spaces.split(","):
        shapes = ["text"] if space == "recurrent" else args.shapes.split(",")
        for shape in shapes:
            row = examined(space, shape_of(shape), args.count, args.full, args.inputs)
            print(f"{space:<18} {shape:<10} {row}", flush=True)
            for text in row.failed:
                print(f"    failed: {text}", flush=True)
            bad += bool(row.failed) or max(row.largest.values()) > 1e-4
    return int(bad > 0)


def examined(
    space: str, shape: tuple[int, ...], count: int, full: bool = False, inputs: int = 8
) -> Row:
    """Return the findings about one space at one input shape."""
    row = Row()
    started = time.monotonic()
    for name, architecture in architectures(space, shape, count, full):
        try:
            _examine(architecture, shape, inputs, row)
        except (EngineError, RuntimeError) as error:
            reason = one_line(f"{type(error).__name__}: {error}", 300)
            row.failed.append(f"{name}: {reason}")
    row.seconds = time.monotonic() - started
    return row


def architectures(
    space: str, shape: tuple[int, ...], count: int, full: bool
) -> Iterator[tuple[str, Architecture]]:
    """Yield names and architectures: published ones, or random ones of a small space."""
    if space in ("published", "recurrent"):
        wanted = "text" if space == "recurrent" else "images"
        for name in names("networks"):
            architecture = load("networks", name)
            if load("spaces", architecture.space).data_kind == wanted:
                yield name, _sized(architecture, shape, full)
        if space == "published":
            return
        space = "recurrent-cell"
    space_class = load("spaces", space)
    settings = {field.name for field in fields(space_class.Config)} & set(SMALL)
    values = {name: SMALL[name] for name in settings} | SMALL_SPACES.get(space, {})
    small = space_class(from_mapping(space_class.Config, values))
    rng = np.random.default_rng(0)
    for number in range(count):
        yield f"{space} {number}", small.sample(rng)


def _sized(architecture: Architecture, shape: tuple[int, ...], full: bool) -> Architecture:
    config = load("spaces", architecture.space).Config
    if len(shape) == 1:
        return architecture if full else resized(config, architecture, hidden=str(SMALL["hidden"]))
    if full:
        sizes = FULL_IMAGENET if shape[-1] >= IMAGENET_SIDE else FULL
        return resized(config, architecture, **sizes)
    return resized(config, architecture, cells=str(SMALL["cells"]), channels=str(SMALL["channels"]))


def _examine(architecture: Architecture, shape: tuple[int, ...], inputs: int, row: Row) -> None:
    """Export one network, run it in both runtimes and add the findings to the row."""
    text = len(shape) == 1
    network = build(architecture, shape, VOCABULARY if text else CLASSES, seed=0)
    seem_trained(network)
    with tempfile.TemporaryDirectory() as folder:
        context = ExportContext(
            save_network(network, description(architecture, shape), Path(folder) / "network"),
            Path(folder),
        )
        graph = context.onnx()
        save_ir(graph.path, Path(folder) / "model.xml", fp16=False)
        examples = context.examples().valid(inputs)
        runs = {
            "onnx": onnx_runtime.open_model(graph.path, 1),
            "openvino": openvino_runtime.open_model(Path(folder) / "model.xml", 1),
        }
        row.networks += 1
        row.inputs += len(examples)
        for name, run in runs.items():
            found = compare(run, examples, graph.signature.scores)
            row.largest[name] = max(row.largest[name], found.excess)
            row.same[name] += found.same_class


def description(architecture: Architecture, shape: tuple[int, ...]) -> StoredNetwork:
    text = len(shape) == 1
    channels = shape[0]
    return StoredNetwork(
        architecture=architecture,
        input_shape=shape,
        classes=VOCABULARY if text else CLASSES,
        data_kind="text" if text else "images",
        labels=None,
        preprocessing=None
        if text
        else Preprocessing((0.45,) * channels, (0.25,) * channels, 1 / 255),
        dataset={"name": "none", "config": {}, "digest": ""},
        protocol={"name": "none", "settings": {}},
        seed=0,
        code_version="",
    )


def shape_of(text: str) -> tuple[int, ...]:
    return (1,) if text == "text" else tuple(int(side) for side in text.split("x"))


def _arguments() -> argparse.Namespace:
    images = [name for name in names("spaces") if load("spaces", name).data_kind == "images"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--spaces", default=",".join([*images, "published", "recurrent"]))
    parser.add_argument("--count", type=int, default=1, help="random architectures of a space")
    parser.add_argument("--shapes", default="3x32x32")
    parser.add_argument("--full", action="store_true", help="published networks at their own size")
    parser.add_argument("--inputs", type=int, default=8, help="inputs that are compared")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

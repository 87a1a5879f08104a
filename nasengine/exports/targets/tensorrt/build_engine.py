"""Build a TensorRT engine from an ONNX file in Python; needs the package tensorrt and a GPU.

    python build_engine.py model_fp16.onnx model_fp16.engine

The types in the graph decide about the precision, with TensorRT 10 (10.1 or newer) and 11 alike.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import tensorrt

MIB = 2**20


class BuildFailed(Exception):
    """TensorRT cannot read the graph or build an engine of it; the message says why."""


def build(onnx_file: Path, engine_file: Path, batch: int = 1, workspace_mib: int = 1024) -> None:
    """Build an engine and write it.

    Args:
        onnx_file: The model.
        engine_file: The file to write.
        batch: Largest number of images at once, for models with a free batch.
        workspace_mib: Scratch memory that a layer may use.

    Raises:
        BuildFailed: the graph cannot be parsed, or no engine can be built.
    """
    logger = tensorrt.Logger(tensorrt.Logger.WARNING)
    builder = tensorrt.Builder(logger)
    network = builder.create_network(_strongly_typed())
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(onnx_file.read_bytes()):
        reasons = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise BuildFailed(f"TensorRT cannot read {onnx_file.name}: {reasons}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, workspace_mib * MIB)
    _set_shapes(builder, network, config, batch)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise BuildFailed(f"TensorRT built no engine of {onnx_file.name}: see its messages")
    engine_file.write_bytes(bytes(plan))


def _strongly_typed() -> int:
    """Return the flags for a network whose graph decides about types; TensorRT 11 has no other."""
    flag = getattr(tensorrt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _set_shapes(
    builder: tensorrt.Builder,
    network: tensorrt.INetworkDefinition,
    config: tensorrt.IBuilderConfig,
    batch: int,
) -> None:
    """Say which batches occur, if the model leaves the batch free."""
    image = network.get_input(0)
    shape = tuple(image.shape)
    if shape[0] != -1:
        return
    profile = builder.create_optimization_profile()
    largest = (batch, *shape[1:])
    profile.set_shape(image.name, (1, *shape[1:]), largest, largest)
    config.add_optimization_profile(profile)


def main() -> int:
    """Read the command line, build, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("onnx", type=Path, help="the model")
    parser.add_argument("engine", type=Path, help="the engine to write")
    parser.add_argument("--batch", type=int, default=1, help="most images at once")
    parser.add_argument("--workspace", type=int, default=1024, help="scratch memory in MiB")
    arguments = parser.parse_args()
    try:
        build(arguments.onnx, arguments.engine, arguments.batch, arguments.workspace)
    except BuildFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"TensorRT {tensorrt.__version__} built {arguments.engine}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

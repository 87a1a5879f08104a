"""Build a real engine, where a GPU and a TensorRT are, and compare its outputs."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....core.errors import EngineError
from ....core.text import one_line
from ...checking import runtime_module
from ...differences import compare

if TYPE_CHECKING:
    from ...context import ExportContext
    from .scripts import Recipe

DRIVER = "libcuda.so.1"
RTX_PACKAGE = "onnxruntime_ep_nv_tensorrt_rtx"
RTX_RUNTIME = "nasengine.exports.runtimes.tensorrt_rtx"
CHECKED = 256


@dataclass(frozen=True)
class EngineReport:
    """Result of building an engine on this machine.

    Attributes:
        facts: For the deployment report: the runtime and its results, or why there is none.
        fell_back: Layers that the engine does not run.
        note: One sentence.
    """

    facts: dict[str, Any]
    note: str
    fell_back: tuple[str, ...] = field(default=())


def build_engine(context: ExportContext, model: Path, recipe: Recipe) -> EngineReport:
    """Build an engine of a model with what this machine has, and compare it if that can run it.

    The engine is not part of the archive: it belongs to one GPU model and one version.
    """
    if not has_driver():
        return _not_built("no NVIDIA driver")
    if find_spec(RTX_PACKAGE) is not None:
        return _with_rtx(context, model)
    if find_spec("tensorrt") is not None:
        return _with_tensorrt(context, model, recipe)
    return _not_built(
        "neither tensorrt nor onnxruntime-ep-nv-tensorrt-rtx-cu13 (or -cu12) is installed"
    )


def has_driver() -> bool:
    """Return whether the NVIDIA driver's library can be loaded."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True


def _not_built(reason: str) -> EngineReport:
    return EngineReport({"built": False, "reason": reason}, f"Engine: not built here: {reason}.")


def _with_rtx(context: ExportContext, model: Path) -> EngineReport:
    """Build with TensorRT for RTX inside ONNX Runtime, and compare with the trained network."""
    context.step("build an engine with TensorRT for RTX")
    fell_back: tuple[str, ...] = ()
    started = time.perf_counter()
    try:
        runtime = runtime_module(RTX_RUNTIME)
        try:
            run = runtime.open_model(model)
        except runtime.NoDevice as error:
            return _not_built(one_line(str(error)))
        except Exception as error:  # the runtime refuses a graph with layers for the CPU
            run = runtime.open_model(model, fallback=True)
            fell_back = (f"some layers run on the CPU ({one_line(str(error), 200)})",)
    except Exception as error:  # whatever a driver or library of another version does
        return _not_built(f"TensorRT for RTX failed ({one_line(str(error), 200)})")
    seconds = time.perf_counter() - started
    check = compare(run, context.examples().valid(CHECKED), context.signature().scores)
    facts = {
        "built": True,
        "runtime": runtime.version(),
        "model": model.name,
        "seconds": seconds,
        "check": check.to_json(),
    }
    note = (
        f"Engine: {runtime.version()} built {model.name} in {seconds:.1f} s; largest difference "
        f"{check.largest:.3g}, the same class for {check.same_class} of {check.inputs} inputs."
    )
    return EngineReport(facts, note, fell_back)


def _with_tensorrt(context: ExportContext, model: Path, recipe: Recipe) -> EngineReport:
    """Build with the package tensorrt; running the engine would need CUDA bindings as well."""
    context.step("build an engine with TensorRT")
    engine = model.with_suffix(".engine")
    started = time.perf_counter()
    try:
        builder = runtime_module("nasengine.exports.targets.tensorrt.build_engine")
        builder.build(model, engine, recipe.batch, recipe.workspace_mib)
    except EngineError:
        raise
    except Exception as error:  # a graph, driver or library that TensorRT does not accept
        return _not_built(f"TensorRT failed ({one_line(str(error), 200)})")
    seconds = time.perf_counter() - started
    version = f"TensorRT {builder.tensorrt.__version__}"
    facts = {
        "built": True,
        "runtime": version,
        "model": model.name,
        "seconds": seconds,
        "bytes": engine.stat().st_size,
        "check": None,
    }
    return EngineReport(
        facts, f"Engine: {version} built {model.name} in {seconds:.1f} s; it was not run here."
    )

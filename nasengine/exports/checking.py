"""Check one model of an export on this machine: differences, classes, latency."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..core.errors import EngineError
from ..core.target import Built, ModelFile
from ..core.text import one_line
from ..objectives.latency.machine_lock import exclusive
from ..objectives.latency.processor import cpu_name
from ..objectives.latency.timing import repeat
from .differences import Comparison, compare

if TYPE_CHECKING:
    from .context import ExportContext
    from .examples import Arrays, Examples
    from .runtimes.onnx_runtime import Run

WARM_UP = 10
REPETITIONS = 50
SECONDS = 0.5
THREADS = 1


@dataclass(frozen=True)
class CheckSettings:
    """How exported models are checked.

    Attributes:
        inputs: Number of inputs whose outputs are compared.
        test_inputs: Most inputs of the test part whose classes are compared, 0: none.
        timing: Measure the latency.
    """

    inputs: int = 256
    test_inputs: int = 2000
    timing: bool = True


def check_model(
    model: ModelFile, built: Built, context: ExportContext, settings: CheckSettings
) -> dict[str, Any]:
    """Return the entry of the deployment report for one model.

    Raises:
        Cancelled: the export was cancelled.
        EngineError: outputs differ by more than the tolerance.
    """
    path = built.files[model.path]
    entry: dict[str, Any] = {
        "file": model.path,
        "precision": model.precision,
        "bytes": sum(built.files[name].stat().st_size for name in (model.path, *model.parts)),
        "tolerance": model.tolerance,
        "reference": model.reference,
        "runtime": None,
        "check": None,
        "test": None,
        "latency": None,
        "unavailable": model.unavailable,
    }
    if model.runtime is None or model.unavailable:
        return entry
    runtime = runtime_module(model.runtime)
    entry["runtime"] = runtime.version()
    source = context.examples(built.softmax)
    scores = context.signature(built.softmax).scores
    context.step(f"compare {model.path} with the trained network")
    run = runtime.open_model(path, 0)
    examples = source.valid(settings.inputs)
    check = compare(run, examples, scores, context.check_cancelled)
    _refuse_difference(model, check)
    entry["check"] = check.to_json()
    if settings.test_inputs:
        context.step(f"compare the classes of {model.path} on the test part")
        test = source.test(settings.test_inputs)
        if test is not None:
            compared = compare(run, test, scores, context.check_cancelled)
            entry["test"] = compared.to_json()
    if settings.timing:
        context.step(f"time {model.path}")
        entry["latency"] = _latency(runtime.open_model(path, THREADS), examples)
    return entry


def runtime_module(name: str) -> ModuleType:
    """Return the module of a runtime.

    Raises:
        EngineError: it, or what it needs, is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EngineError(
            f'{error.name or name} is not installed: pip install "nasengine[export]"'
        ) from None


def _refuse_difference(model: ModelFile, check: Comparison) -> None:
    if model.reference == "torch" and not check.excess <= model.tolerance:
        raise EngineError(
            f"{model.path} differs from the trained network by {check.excess:.3g} on "
            f"{check.source}, allowed are {model.tolerance:g}: nothing was written"
        )


def _latency(run: Run, examples: Examples) -> dict[str, Any]:
    """Time single inputs with one thread; other timings of this machine wait."""
    inputs, _ = examples.row(0)

    def once() -> float:
        return _milliseconds(run, inputs)

    try:
        with exclusive():
            timing = repeat(once, WARM_UP, REPETITIONS, SECONDS)
    except EngineError as error:
        return {"unavailable": one_line(str(error))}
    return {
        "median_ms": timing.median,
        "spread_ms": timing.spread,
        "repetitions": len(timing.milliseconds),
        "warm_up": WARM_UP,
        "batch": 1,
        "threads": THREADS,
        "device": cpu_name(),
    }


def _milliseconds(run: Run, inputs: Arrays) -> float:
    started = time.perf_counter_ns()
    run(inputs)
    return (time.perf_counter_ns() - started) / 1e6

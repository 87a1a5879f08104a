"""Allowed differences of models that compute with fewer digits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import EngineError
from .differences import compare

if TYPE_CHECKING:
    from .context import ExportContext

INPUTS = 256
HALF_TOLERANCE = 1e-2  # float16 has 11 significant bits


def scaled(tolerance: float, context: ExportContext, softmax: bool = False) -> float:
    """Return a tolerance times the largest output of the network, if that is larger than 1.

    Float16 and int8 round every layer. A logit is a sum of large terms that partly cancel, so
    its error follows the scale of all outputs: a logit of 0.1 next to one of 20 is as uncertain
    as that of 20.
    """
    examples = context.examples(softmax).valid(INPUTS)
    scores = examples.outputs[context.signature(softmax).scores]
    return tolerance * max(1.0, float(np.abs(scores).max()))


def check_half(context: ExportContext, path: Path, tolerance: float) -> None:
    """Compare a float16 ONNX file with the trained network on images of the valid part.

    Args:
        context: The export.
        path: The file.
        tolerance: Allowed difference of an output.

    Raises:
        EngineError: an output differs by more, so the network needs float32.
    """
    from .runtimes.onnx_runtime import open_model

    scores = context.signature().scores
    check = compare(open_model(path), context.examples().valid(INPUTS), scores)
    if not check.largest <= tolerance:
        raise EngineError(
            f"{path.name} differs from the trained network by {check.largest:.3g} on "
            f"{check.source}, allowed are {tolerance:.3g}: this network needs float32, export it "
            "for onnx"
        )

"""Count the trained parameters that an ONNX file holds, from its initialisers.

Initialisers have the names of the parameters they come from. A folded batch norm has become the
bias of a convolution: two trained parameters per channel, scale and shift, are then one number.
The running statistics of batch norms, the normalisation of the input and constants are not
trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

CONSTANT = "constant."
NORMALISATION = "normalisation."
FOLDED = ".folded"  # ends the name of a bias that was a batch norm
STATISTICS = (".running_mean", ".running_var")
TRAINED_PER_FOLDED = 2


@dataclass(frozen=True)
class ParameterCount:
    """The numbers in the initialisers of an ONNX file, by origin.

    Attributes:
        plain: Those that are trained parameters one to one.
        folded: Those that are the bias of a folded batch norm; each is two trained parameters.
        statistics: Running means and variances of batch norms that were not folded.
        constants: Everything else, such as shapes and the normalisation of the input.
    """

    plain: int
    folded: int
    statistics: int
    constants: int

    @property
    def trained(self) -> int:
        """The number of trained parameters."""
        return self.plain + TRAINED_PER_FOLDED * self.folded

    @property
    def stored(self) -> int:
        """The number of values in all initialisers."""
        return self.plain + self.folded + self.statistics + self.constants

    def to_json(self) -> dict[str, Any]:
        return {
            "trained": self.trained,
            "stored": self.stored,
            "plain": self.plain,
            "folded": self.folded,
            "statistics": self.statistics,
            "constants": self.constants,
        }


def missing_parameters(model: onnx.ModelProto, names: Iterable[str]) -> list[str]:
    """Return the parameters that the graph does not hold, because no output depends on them.

    An operation whose result is not read is not in the graph, but a network may have it: the
    parameters of NAS-Bench-201 are counted with such edges.
    """
    held = {tensor.name for tensor in model.graph.initializer}
    folded = {name.partition(FOLDED)[0] for name in held if FOLDED in name}
    return [name for name in names if name not in held and name.rpartition(".")[0] not in folded]


def count_parameters(model: onnx.ModelProto) -> ParameterCount:
    """Count the initialisers of a graph that `convert` made."""
    counts = {"plain": 0, "folded": 0, "statistics": 0, "constants": 0}
    for tensor in model.graph.initializer:
        counts[_origin(tensor)] += math.prod(tensor.dims)
    return ParameterCount(**counts)


def _origin(tensor: onnx.TensorProto) -> str:
    import onnx

    name = tensor.name
    is_float = tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    if not is_float or name.startswith((CONSTANT, NORMALISATION)):
        return "constants"
    if name.endswith(STATISTICS):
        return "statistics"
    return "folded" if FOLDED in name else "plain"

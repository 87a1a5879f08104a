"""Features of a network before it is measured: its operators and modelled costs.

A description is computed once from the network's graph and kept as JSON; it holds no weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture, canonical_json
from ...core.errors import EngineError
from ..operators.device_profile import profiles
from ..operators.graph import KINDS, NetworkGraph
from ..operators.model import OperatorModel, operator_model
from .features import features_of_space

if TYPE_CHECKING:
    from ...core.space import Space

VERSION = 1  # part of the key of a kept description: raise it when the content changes
# The costs that can be predicted, in the units of measurements; latency gives throughput too.
COSTS = ("latency", "energy", "power", "memory")


def description_key(architecture: Architecture, shape: Sequence[int], classes: int) -> str:
    """Return the key under which the description of a network is kept."""
    facts = [VERSION, architecture.to_json(), list(shape), classes]
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()


def describe(graph: NetworkGraph) -> dict[str, Any]:
    """Return the description of a network as JSON.

    "operators" has for each kind of operator its number, operations and bytes of traffic, then the
    bytes of weights and of the tensors that live together, as exported: operators that the output
    does not depend on are left out. "costs" has for each cost the value on each packaged profile
    that models it.
    """
    kept = graph.fused()
    numbers = np.zeros((len(KINDS), 3))
    for operator in kept.operators:
        traffic = kept.traffic_bytes(operator)
        numbers[KINDS.index(operator.kind)] += (1, operator.operations, traffic)
    live = float(kept.peak_live_bytes())
    models = {name: operator_model(name) for name in profiles()}
    return {
        "operators": [*numbers.ravel().tolist(), float(graph.weight_bytes), live],
        "costs": {
            cost: {
                name: value
                for name, model in models.items()
                if (value := _modelled(cost, model, graph)) is not None
            }
            for cost in COSTS
        },
    }


def features_of(
    descriptions: Sequence[Mapping[str, Any]],
    space: Space,
    architectures: Sequence[Architecture],
) -> dict[str, np.ndarray]:
    """Return the features of described networks; a space without an encoding has fewer."""
    operators = np.log1p(
        np.array([description["operators"] for description in descriptions], float)
    )
    encoded = features_of_space(space, architectures) if "encode" in space.capabilities else {}
    return {"operators": operators, **encoded}


def modelled_costs(descriptions: Sequence[Mapping[str, Any]], cost: str) -> dict[str, np.ndarray]:
    """Return the costs of described networks on each profile that models all of them."""
    names = set.intersection(*(set(description["costs"][cost]) for description in descriptions))
    return {
        name: np.array([description["costs"][cost][name] for description in descriptions], float)
        for name in sorted(names)
    }


def _modelled(cost: str, model: OperatorModel, graph: NetworkGraph) -> float | None:
    try:
        return {
            "latency": lambda: 1000 * model.latency(graph),
            "energy": lambda: 1000 * model.energy(graph) / graph.batch,
            "power": lambda: model.power(graph),
            "memory": lambda: float(model.memory(graph)),
        }[cost]()
    except EngineError:
        return None  # the profile has no power figures

"""A device in ten measurements, for the workbench: describe networks, choose, export and fit.

Each step works on the distinct architectures of the runs of one space and data set. Networks are
described once: the caller keeps the descriptions and passes them in again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from ..core.architecture import Architecture
from ..core.errors import Cancelled, EngineError
from ..core.seeds import derive
from ..core.storage import Storage, storage_at
from ..core.torch_state import seeded
from ..execution.building import space_of
from ..execution.inspection import input_of
from ..predictors.few_shot.choice import choose_networks
from ..predictors.few_shot.description import (
    VERSION,
    describe,
    description_key,
    features_of,
    modelled_costs,
)
from ..predictors.few_shot.fitted import FittedPredictor, fit
from ..predictors.few_shot.learning import Prior
from ..predictors.few_shot.measured_devices import learn_with_devices
from ..predictors.few_shot.predictor import Prediction
from ..predictors.few_shot.throughput import (
    THROUGHPUT,
    left_out_throughput,
    measured_cost,
    predicted_throughput,
)
from ..predictors.few_shot.validation import Validation, validate
from ..predictors.operators.trace import network_graph
from ..spaces.common.deployment import as_deployed
from .for_device import stored_subject

CHUNK = 20  # networks between two reports
MIN_NETWORKS = 4
Report = Callable[[dict[str, Any]], None]


def run_step(
    request: Mapping[str, Any], report: Report, cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Do one step of a predictor.

    Args:
        request: "step": "choose", "measure" or "fit"; "architectures" as JSON; "dataset" and
            "dataset_config"; "descriptions" by key; "place" of the networks of device agents;
            "others": cost -> other measured device -> id of an architecture -> value. To
            choose: "cost", "count", "seed". To export: "networks", the ids of architectures. To
            fit: "measured", cost -> id of an architecture -> value.
        report: Takes {"step", "share"}, "shape" and "classes" first, "descriptions" of networks.
        cancelled: Whether to stop.

    Returns:
        "ids" of the architectures and "fits", or the "subjects" to measure.
    """
    architectures = [
        Architecture.from_json(architecture) for architecture in request["architectures"]
    ]
    if not architectures:
        raise EngineError("no run has a measured candidate with this space and data any more")
    shape, classes = input_of(architectures[0], request["dataset"], request["dataset_config"])
    report({"step": "describing networks", "share": 0.0, "shape": shape, "classes": classes})
    descriptions, others = dict(request["descriptions"]), request.get("others", {})
    networks = Networks(architectures, shape, classes, descriptions, others)
    if request["step"] == "fit":
        fits = fit_costs(networks, request["measured"], report, cancelled)
        return {"ids": [architecture.id for architecture in architectures], "fits": fits}
    if request["step"] == "choose":
        chosen = choose(
            networks,
            request["cost"],
            request["count"],
            seed=request["seed"],
            report=report,
            cancelled=cancelled,
        )
    else:
        by_id = {architecture.id: architecture for architecture in architectures}
        chosen = [by_id[identity] for identity in request["networks"]]
    place = storage_at(request["place"])
    return {"subjects": export_networks(networks, chosen, place, report, cancelled)}


@dataclass(frozen=True)
class Networks:
    """The distinct architectures of one space with the input of their networks.

    Attributes:
        architectures: All of one space and its settings.
        shape: Input shape.
        classes: Number of classes or words.
        descriptions: Kept descriptions by key; new ones are added.
        others: Cost -> other measured device -> id of an architecture -> value.
    """

    architectures: list[Architecture]
    shape: tuple[int, ...]
    classes: int
    descriptions: dict[str, dict[str, Any]]
    others: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def described(self, report: Report, cancelled: Callable[[], bool]) -> list[dict[str, Any]]:
        """Return the description of each network, and report the new ones in chunks.

        Raises:
            Cancelled: the work was cancelled.
            EngineError: there are fewer than four architectures.
        """
        count = len(self.architectures)
        if count < MIN_NETWORKS:
            raise EngineError(
                f"{count} different architectures: a predictor needs at least {MIN_NETWORKS}"
            )
        keys = [
            description_key(architecture, self.shape, self.classes)
            for architecture in self.architectures
        ]
        new: dict[str, dict[str, Any]] = {}
        for n, (key, architecture) in enumerate(zip(keys, self.architectures, strict=True)):
            if cancelled():
                raise Cancelled
            if key not in self.descriptions:
                new[key] = self.descriptions[key] = describe_network(
                    architecture, self.shape, self.classes
                )
            if len(new) == CHUNK or (new and n == count - 1):
                step = f"described {n + 1:,} of {count:,} networks"
                report({"step": step, "share": 0.6 * (n + 1) / count, "descriptions": new})
                new = {}
        return [self.descriptions[key] for key in keys]

    @property
    def positions(self) -> dict[str, int]:
        """The number of each architecture, by id."""
        return {architecture.id: n for n, architecture in enumerate(self.architectures)}

    def prior(
        self, described: list[dict[str, Any]], cost: str
    ) -> tuple[Prior, dict[str, FittedPredictor]]:
        """Return what device profiles and other measured devices tell about a cost on a new one.

        The second value has the predictors of the other devices that are used.
        """
        features = features_of(described, space_of(self.architectures[0]), self.architectures)
        position = self.positions
        measured = {
            device: {
                position[identity]: value
                for identity, value in values.items()
                if identity in position
            }
            for device, values in self.others.get(cost, {}).items()
        }
        return learn_with_devices(features, modelled_costs(described, cost), measured)


def describe_network(
    architecture: Architecture, shape: tuple[int, ...], classes: int
) -> dict[str, Any]:
    """Return the description of a network as JSON."""
    network = as_deployed(space_of(architecture).build(architecture, shape, classes)).eval()
    return describe(network_graph(network, shape))


def choose(
    networks: Networks,
    cost: str,
    count: int,
    *,
    seed: int,
    report: Report,
    cancelled: Callable[[], bool],
) -> list[Architecture]:
    """Return the networks whose measurements tell most about all others."""
    described = networks.described(report, cancelled)
    report({"step": "choosing networks", "share": 0.7})
    prior, _ = networks.prior(described, cost)
    numbers = choose_networks(prior, count, seed)
    return [networks.architectures[int(number)] for number in numbers]


def export_networks(
    networks: Networks, chosen: Sequence[Architecture], place: Storage, report: Report,
    cancelled: Callable[[], bool],
) -> list[dict[str, Any]]:  # fmt: skip
    """Store the ONNX file of each chosen network, and return the subjects of its measurements."""
    subjects = []
    for n, architecture in enumerate(chosen):
        if cancelled():
            raise Cancelled
        step = f"exporting network {n + 1} of {len(chosen)}"
        report({"step": step, "share": 0.7 + 0.3 * n / len(chosen)})
        with seeded(derive(0, "weights")):  # no cost depends on the values of weights
            network = space_of(architecture).build(architecture, networks.shape, networks.classes)
        network = as_deployed(network).eval()
        subjects.append(
            stored_subject(
                network,
                architecture,
                shape=networks.shape,
                classes=networks.classes,
                place=place,
            )
        )
    return subjects


def fit_costs(
    networks: Networks,
    measured: Mapping[str, Mapping[str, float]],
    report: Report,
    cancelled: Callable[[], bool],
) -> dict[str, dict[str, Any]]:
    """Fit a predictor to each measured cost.

    Args:
        networks: The networks to predict; the measured ones are among them.
        measured: Cost -> id of an architecture -> value.
        report: Takes the progress.
        cancelled: Whether to stop.

    Returns:
        Cost -> {"value", "low", "high": in the order of the architectures, "validation",
        "fitted", "versions"}; for a cost that cannot be fitted {"reason"}. A fit of latencies
        gives throughput too: its "fitted" predicts the latency.
    """
    described = networks.described(report, cancelled)
    position = networks.positions
    fits: dict[str, dict[str, Any]] = {}
    for n, (cost, values) in enumerate(measured.items()):
        if cancelled():
            raise Cancelled
        report({"step": f"fitting {cost}", "share": 0.6 + 0.4 * n / len(measured)})
        numbers = np.array([position[identity] for identity in values], dtype=int)
        try:
            prior, references = networks.prior(described, cost)
            prediction, fitted, validation, left_out = fit(
                prior, numbers, np.array(list(values.values())), references
            )
        except EngineError as error:
            fits[cost] = {"reason": str(error)}
            continue
        fits[cost] = _as_json(prediction, fitted, validation)
        if cost == measured_cost(THROUGHPUT):
            inverse = predicted_throughput(prediction, left_out.measured)
            checked = validate(prior, left_out_throughput(left_out))
            fits[THROUGHPUT] = _as_json(inverse, fitted, checked)
    return fits


def _as_json(
    prediction: Prediction, fitted: FittedPredictor, validation: Validation
) -> dict[str, Any]:
    return {
        "value": prediction.value.tolist(),
        "low": prediction.low.tolist(),
        "high": prediction.high.tolist(),
        "validation": validation.to_json(),
        "fitted": fitted.to_json(),
        "versions": {name: version(name) for name in ("numpy", "scipy", "torch")}
        | {"description": VERSION, "known devices": ", ".join(fitted.devices)},
    }

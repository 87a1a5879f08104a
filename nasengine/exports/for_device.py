"""The network of a candidate for device agents: an ONNX file in a storage, and modelled costs."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.architecture import Architecture, canonical_json
from ..core.errors import EngineError
from ..core.objective import split_name
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.seeds import derive
from ..core.storage import Storage
from ..core.text import one_line
from ..core.torch_state import seeded
from ..data.common.named import named_dataset
from ..execution.assembly import make_space
from ..objectives.device_costs.modelled import modelled_by
from ..predictors.few_shot.description import describe
from ..predictors.operators.device_profile import profile
from ..predictors.operators.trace import network_graph
from ..spaces.common.deployment import as_deployed
from .graph.settings import GraphSettings
from .signature import Signature, TensorSpec, state_size

if TYPE_CHECKING:
    import torch

FILE = "network.onnx"
NO_AGENT = "the device was not there to measure it"


def prepare(
    spec: SearchSpec, proposal: Proposal, awaited: Mapping[str, Mapping[str, Any]], place: Storage
) -> dict[str, Any]:
    """Store the ONNX file of a candidate, unless it is there, and model the awaited costs.

    Weights are fresh: no cost of a network depends on their values.

    Args:
        spec: The search settings.
        proposal: The candidate.
        awaited: Objective -> {"batch", "profile"} as in `Outcome.awaited`.
        place: The place of the networks of device agents.

    Returns:
        "subject": what is measured, as the workbench stores it, or "reason" if the network cannot
        be exported; "modelled": objective -> Measurement as JSON, for those with a profile;
        "description": what predictors read of the network.
    """
    facts = named_dataset(spec.dataset, spec.dataset_config).facts()
    architecture, shape = proposal.architecture, tuple(facts.shape)
    with seeded(derive(spec.seed, "weights")):
        network = as_deployed(make_space(spec).build(architecture, shape, facts.classes)).eval()
    batches = sorted({int(asked.get("batch", 1)) for asked in awaited.values()})
    prepared: dict[str, Any] = {"modelled": _modelled(network, shape, awaited)}
    try:
        prepared["subject"] = stored_subject(
            network,
            architecture,
            shape=shape,
            classes=facts.classes,
            place=place,
            free_batch=batches != [1],
        )
    except (EngineError, OSError) as error:
        return {**prepared, "reason": one_line(f"its network was not exported: {error}", 300)}
    return {**prepared, "description": describe(network_graph(network, shape))}


def stored_subject(
    network: torch.nn.Module,
    architecture: Architecture,
    *,
    shape: tuple[int, ...],
    classes: int,
    place: Storage,
    free_batch: bool = False,
) -> dict[str, Any]:
    """Store the ONNX file of a network, unless it is there; return the subject of measurements.

    Args:
        network: The network of the architecture as it is deployed.
        architecture: The architecture.
        shape: Input shape.
        classes: Number of classes or words.
        place: The place of the networks of device agents.
        free_batch: The file takes any batch size.
    """
    key = network_key(architecture, shape, classes, free_batch)
    content = place.within(key).get(FILE)
    if content is None:
        content = onnx_file(network, shape, classes, free_batch)
    place.within(key).put(FILE, content)  # also if it is there: a file in use is a new one
    return {
        "network": key,
        "architecture": architecture.to_json(),
        "architecture_id": architecture.id,
        "input_shape": list(shape),
        "classes": classes,
        "onnx": f"{key}/{FILE}",
        "onnx_sha256": hashlib.sha256(content).hexdigest(),
        "onnx_bytes": len(content),
    }


def network_key(
    architecture: Architecture, input_shape: tuple[int, ...], classes: int, free_batch: bool = False
) -> str:
    """Return the key of a network with its input: equal keys have equal costs on a device."""
    facts = [architecture.to_json(), list(input_shape), classes, free_batch]
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()


def _modelled(
    network: torch.nn.Module, shape: tuple[int, ...], awaited: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    found = {}
    for objective, asked in awaited.items():
        kind, name = split_name(objective)
        if not asked.get("profile"):
            continue
        try:
            measurement = modelled_by(
                profile(asked["profile"]),
                kind,
                str(name),
                network,
                input_shape=shape,
                batch=int(asked.get("batch", 1)),
                why=NO_AGENT,
            )
        except EngineError:
            continue  # the profile has no such figures: the value can only be measured
        found[objective] = measurement.to_json()
    return found


def onnx_file(
    network: torch.nn.Module, shape: tuple[int, ...], classes: int, free_batch: bool
) -> bytes:
    """Return the checked ONNX file of a network that reads normalised images or words."""
    from .graph.model import write_onnx
    from .network import ImageModel, WordModel

    scores = TensorSpec("logits", (1, classes), "float32")
    model: torch.nn.Module
    if len(shape) == 1:
        size = state_size(network)
        state = TensorSpec("state", (1, size), "float32")
        following = TensorSpec("next_state", (1, size), "float32")
        signature = Signature((TensorSpec("word", (1,), "int64"), state), (scores, following))
        model = WordModel(network)
    else:
        signature = Signature((TensorSpec("image", (1, *shape), "float32"),), (scores,))
        model = ImageModel(network, None)
    sizes = {name: tensor.numel() for name, tensor in network.named_parameters()}
    settings = GraphSettings(dynamic_batch=free_batch)
    with tempfile.TemporaryDirectory(prefix="nasengine-device-") as folder:
        path = Path(folder) / FILE
        write_onnx(model.eval(), signature, settings, path, sizes)
        return path.read_bytes()

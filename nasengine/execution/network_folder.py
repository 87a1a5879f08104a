"""A trained network as a folder: `network.json` and `weights.safetensors`.

Nothing is unpickled. Loading is strict: a folder whose description, file or tensors differ from
what was stored is refused with the reason.
"""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.architecture import Architecture
from ..core.dataset import DataKind, Preprocessing
from ..core.errors import EngineError
from ..core.measurement import Measurement
from ..spaces.common.deployment import as_deployed
from .building import build, space_of
from .network_description import digest_of, pack, unpack

if TYPE_CHECKING:
    import torch

DESCRIPTION_FILE = "network.json"
WEIGHTS_FILE = "weights.safetensors"
MAX_DESCRIPTION_BYTES = 64 * 2**20
MAX_HEADER_BYTES = 16 * 2**20  # names and shapes of tensors; DARTS_V2 needs 0.2 MiB
DISCARDED = "auxiliary."  # the auxiliary head is used in training only


@dataclass(frozen=True)
class WeightsFile:
    """The file of the weights: its name, SHA-256, size, and the number of parameters in it."""

    file: str
    sha256: str
    bytes: int
    parameters: int

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "parameters": self.parameters,
        }


@dataclass(frozen=True)
class StoredNetwork:
    """A trained network and how it was trained.

    Attributes:
        input_shape: Channels x height x width of an image; (1,) for a word of a text.
        labels: Names of the classes, or None.
        preprocessing: How stored pixels become inputs; None for text.
        dataset: Its "name", "config" and "digest".
        protocol: Its "name", all "settings", and the "cells" and "channels" of the network.
        measurements: Those at the end of the training, test error or perplexity included.
        curve: The report of every epoch.
        weights: The file of the weights; None before the network is saved.
        folder: Where it is stored; None before the network is saved.
    """

    architecture: Architecture
    input_shape: tuple[int, ...]
    classes: int
    data_kind: DataKind
    labels: tuple[str, ...] | None
    preprocessing: Preprocessing | None
    dataset: dict[str, Any]
    protocol: dict[str, Any]
    seed: int
    code_version: str
    measurements: tuple[Measurement, ...] = ()
    curve: tuple[dict[str, Any], ...] = ()
    weights: WeightsFile | None = None
    folder: Path | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the content of network.json without its digest."""
        return {
            "kind": "network",
            "version": 1,
            "architecture": self.architecture.to_json(),
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "data_kind": self.data_kind,
            "labels": None if self.labels is None else list(self.labels),
            "preprocessing": self.preprocessing.to_json() if self.preprocessing else None,
            "dataset": self.dataset,
            "protocol": self.protocol,
            "seed": self.seed,
            "code_version": self.code_version,
            "measurements": [measurement.to_json() for measurement in self.measurements],
            "curve": list(self.curve),
            "weights": self.weights.to_json() if self.weights else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any], folder: Path | None = None) -> StoredNetwork:
        """Return the network of a checked description, see `network_description`."""
        preprocessing, labels = value["preprocessing"], value["labels"]
        return cls(
            architecture=Architecture.from_json(value["architecture"]),
            input_shape=tuple(value["input_shape"]),
            classes=value["classes"],
            data_kind=value["data_kind"],
            labels=None if labels is None else tuple(labels),
            preprocessing=Preprocessing.from_json(preprocessing) if preprocessing else None,
            dataset=value["dataset"],
            protocol=value["protocol"],
            seed=value["seed"],
            code_version=value["code_version"],
            measurements=tuple(Measurement.from_json(row) for row in value["measurements"]),
            curve=tuple(value["curve"]),
            weights=WeightsFile(**value["weights"]),
            folder=folder,
        )

    @property
    def values(self) -> dict[str, float]:
        """The measured values by objective name."""
        return {measurement.objective: measurement.value for measurement in self.measurements}

    @cached_property
    def text(self) -> str:
        """The architecture on one line, in the notation of its space."""
        return space_of(self.architecture).text(self.architecture)

    def facts(self) -> dict[str, Any]:
        """Return the facts of the stored network for an outcome."""
        return {
            "weights": self.weights.to_json() if self.weights else None,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "code_version": self.code_version,
            "digest": digest_of(self.to_json()),
        }

    def network(self) -> torch.nn.Module:
        """Return the network with its stored weights, in evaluation mode, on the CPU.

        Raises:
            EngineError: the file of the weights is missing, or differs from what was stored.
        """
        if self.folder is None or self.weights is None:
            raise EngineError("this network is not stored yet: save it with save_network")
        weights = _read_weights(self.folder / WEIGHTS_FILE, self.weights, self._expected())
        network = as_deployed(build(self.architecture, self.input_shape, self.classes, seed=0))
        network.load_state_dict(weights, strict=True)
        return network.eval()

    def _expected(self) -> dict[str, torch.Tensor]:
        """Return tensors without data that have the names, shapes and types of the weights."""
        import torch

        with torch.device("meta"):
            network = as_deployed(build(self.architecture, self.input_shape, self.classes))
        return network.state_dict()


def save_network(network: torch.nn.Module, stored: StoredNetwork, folder: Path) -> StoredNetwork:
    """Store a trained network in a folder and return its description with the file's facts.

    The network is stored in the form that is used after training: without the auxiliary head,
    learned groups as ordinary groups. The description is written last, so a folder with
    `network.json` is complete.

    Args:
        network: In any mode, on any device; it is not changed.
        stored: Everything but the weights.
        folder: Created if it is missing. A network that is there is replaced.

    Raises:
        EngineError: the folder cannot be written.
    """
    from safetensors.torch import save as packed

    state = as_deployed(network).state_dict()
    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in state.items()
        if not name.startswith(DISCARDED)
    }
    content = packed(tensors)
    digest = hashlib.sha256(content).hexdigest()
    weights = WeightsFile(WEIGHTS_FILE, digest, len(content), parameters_of(network))
    values = {name: getattr(stored, name) for name in stored.__dataclass_fields__}
    complete = StoredNetwork(**{**values, "weights": weights, "folder": folder})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DESCRIPTION_FILE).unlink(missing_ok=True)
        _write(folder / WEIGHTS_FILE, content)
        _write(folder / DESCRIPTION_FILE, pack(complete.to_json()))
    except OSError as error:
        reason = error.strerror or error
        raise EngineError(
            f"{folder} cannot be written ({reason}): choose another folder, or free space"
        ) from None
    return complete


def load_stored(folder: str | Path) -> StoredNetwork:
    """Return the description of a stored network; its weights are not read yet.

    Raises:
        EngineError: the folder has no network, or its description was changed or is damaged.
    """
    folder = Path(folder)
    path = folder / DESCRIPTION_FILE
    if not path.is_file():
        raise EngineError(
            f"{folder} is not a stored network: it has no {DESCRIPTION_FILE}; name the folder "
            "that a training wrote"
        )
    value = unpack(_read(path, MAX_DESCRIPTION_BYTES), path)
    try:
        return StoredNetwork.from_json(value, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"{path} is not the description of a network ({error})") from None


def load_network(folder: str | Path) -> torch.nn.Module:
    """Return a stored network with its trained weights, in evaluation mode, on the CPU.

    It has exactly the stored accuracy: images n x c x h x w must be preprocessed as
    `load_stored(folder).preprocessing` says, which the parts of the data set already are.

    Args:
        folder: The folder that `nasengine.evaluate` or `python -m nasengine train` wrote.

    Raises:
        EngineError: the folder has no network, or was changed, truncated or damaged.
    """
    return load_stored(folder).network()


def parameters_of(network: torch.nn.Module) -> int:
    """Return the number of parameters of the stored form of a network, as papers count them."""
    counted = as_deployed(network).named_parameters()
    return sum(tensor.numel() for name, tensor in counted if not name.startswith(DISCARDED))


def _read_weights(
    path: Path, recorded: WeightsFile, expected: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Return the tensors of a file after checking its size, digest, names, shapes and types."""
    from safetensors import SafetensorError
    from safetensors.torch import load as unpacked

    limit = sum(tensor.nbytes for tensor in expected.values()) + MAX_HEADER_BYTES
    content = _read(path, limit, recorded.bytes)
    if hashlib.sha256(content).hexdigest() != recorded.sha256:
        raise EngineError(f"{path} differs from what was stored (SHA-256): copy it again")
    try:
        tensors = unpacked(content)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise EngineError(f"{path} is no safetensors file ({error}): copy it again") from None
    if problem := _difference(tensors, expected):
        raise EngineError(f"{path} does not fit the architecture: {problem}")
    return tensors


def _difference(tensors: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> str:
    """Return the first difference between stored and expected tensors, "" if there is none."""
    if missing := sorted(set(expected) - set(tensors)):
        return f"tensor {missing[0]} is missing"
    if extra := sorted(set(tensors) - set(expected)):
        return f"tensor {extra[0][:100]} is not part of the network"
    for name, tensor in expected.items():
        stored = tensors[name]
        if stored.shape != tensor.shape:
            shapes = f"{tuple(stored.shape)}, expected {tuple(tensor.shape)}"
            return f"tensor {name} has shape {shapes}"
        if stored.dtype != tensor.dtype:
            return f"tensor {name} has type {stored.dtype}, expected {tensor.dtype}"
    return ""


def _read(path: Path, limit: int, size: int | None = None) -> bytes:
    """Read a file of at most `limit` bytes, and of exactly `size` bytes if that is given."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise EngineError(f"{path} is not a file: name the folder that a training wrote")
        if facts.st_size > limit:
            raise EngineError(
                f"{path} has {facts.st_size:,} bytes, more than this network can have ({limit:,})"
            )
        if size is not None and facts.st_size != size:
            raise EngineError(
                f"{path} has {facts.st_size:,} bytes, {size:,} were stored: copy it again"
            )
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        reason = error.strerror or error
        raise EngineError(f"{path} cannot be read ({reason}): copy it again") from None


def _write(path: Path, content: bytes) -> None:
    """Write a file under its name only once it is complete and on the disk."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()

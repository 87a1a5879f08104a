"""One final training as data: what to train, and how it ended. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..catalog import load
from ..core.architecture import Architecture
from ..core.errors import EngineError
from ..core.measurement import Measurement
from ..core.protocol import Protocol
from ..core.settings import from_mapping, to_mapping
from ..core.text import shorten
from ..data.common.named import named_dataset
from ..estimators.training.config import ResolvedTrainConfig
from .building import space_of
from .protocols import find_protocol, resolve, resolved_settings
from .scaling import scaled

FinalState = Literal["done", "diverged", "failed", "cancelled"]
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class FinalJob:
    """One training of one architecture with one seed under one protocol.

    Attributes:
        architecture: In any size; `plan` scales it.
        cells: Cells of the network; None: those of the protocol, else the network's own.
        channels: Channels of the network; None: likewise.
        device: Device of the training, as in the setting `device` of the estimator `train`.
        threads: CPU threads; 0: the setting of the process.
    """

    architecture: Architecture
    protocol: Protocol
    dataset: str
    dataset_config: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    cells: int | None = None
    channels: int | None = None
    device: str = "auto"
    threads: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "architecture": self.architecture.to_json(),
            "protocol": self.protocol.to_json(),
            "dataset": self.dataset,
            "dataset_config": self.dataset_config,
            "seed": self.seed,
            "cells": self.cells,
            "channels": self.channels,
            "device": self.device,
            "threads": self.threads,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> FinalJob:
        return cls(
            **{
                **value,
                "architecture": Architecture.from_json(value["architecture"]),
                "protocol": Protocol.from_json(value["protocol"]),
            }
        )

    def with_seed(self, seed: int) -> FinalJob:
        """Return the same training with another seed."""
        return replace(self, seed=seed)

    def plan(self) -> FinalPlan:
        """Return what the training does, in all details; nothing is read or trained yet.

        Raises:
            EngineError: a wrong setting, or parts that do not fit together.
        """
        return _plan(self)


@dataclass(frozen=True)
class FinalPlan:
    """A checked job: the scaled architecture, its protocol and all settings."""

    job: FinalJob
    architecture: Architecture
    protocol: Protocol
    config: ResolvedTrainConfig

    @property
    def protocol_json(self) -> dict[str, Any]:
        """The protocol as stored networks and outcomes record it."""
        protocol, own = self.protocol, self.architecture.config
        changed = {"base": protocol.base, "changes": protocol.changes} if protocol.base else {}
        return {
            "name": protocol.name,
            "trains_on": "train" if self.is_text else protocol.trains_on,
            "settings": resolved_settings(self.config),
            "cells": own.get("cells"),
            "channels": own.get("channels"),
            **changed,
        }

    @property
    def is_text(self) -> bool:
        """Whether the network reads text."""
        return load("datasets", self.job.dataset).kind == "text"

    @property
    def dataset_config(self) -> dict[str, Any]:
        """All settings of the data set."""
        config = load("datasets", self.job.dataset).Config
        return to_mapping(from_mapping(config, self.job.dataset_config))


@dataclass(frozen=True)
class FinalOutcome:
    """How one final training ended.

    Attributes:
        seed: Its seed.
        state: "done", "diverged" (NaN or infinity), "failed" or "cancelled".
        reason: Why it is not done.
        measurements: `test_error`, or `test_perplexity` and `test_error` for text; params, macs.
        epochs: Finished epochs.
        curve: The report of every epoch.
        protocol: Name, settings and size, as in network.json.
        dataset: Name, settings and digest, as in network.json.
        test_reads: How often the test part was read: once, at the end, or never.
        throughput: Images (or words) per second of the median epoch; None without an epoch.
        network: Facts of the stored network: "weights", "input_shape", "classes",
            "code_version" and "digest" of the description; None if none was stored.
    """

    seed: int
    state: FinalState
    reason: str = ""
    measurements: tuple[Measurement, ...] = ()
    epochs: int = 0
    curve: tuple[dict[str, Any], ...] = ()
    protocol: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)
    test_reads: int = 0
    throughput: float | None = None
    network: dict[str, Any] | None = None
    seconds: float | None = field(default=None, compare=False)
    gpu_seconds: float | None = field(default=None, compare=False)

    @property
    def values(self) -> dict[str, float]:
        """Values by objective name."""
        return {measurement.objective: measurement.value for measurement in self.measurements}

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "measurements": [measurement.to_json() for measurement in self.measurements],
            "curve": list(self.curve),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> FinalOutcome:
        measurements = tuple(Measurement.from_json(row) for row in value["measurements"])
        curve = tuple(value["curve"])
        return cls(**{**value, "measurements": measurements, "curve": curve})


def _plan(job: FinalJob) -> FinalPlan:
    if isinstance(job.seed, bool) or not isinstance(job.seed, int) or not 0 <= job.seed <= MAX_SEED:
        raise EngineError(
            f"seed must be a whole number from 0 to {MAX_SEED} (got {shorten(job.seed, 40)})"
        )
    space = space_of(job.architecture)
    dataset = named_dataset(job.dataset, job.dataset_config)
    if dataset.kind != space.data_kind:
        raise EngineError(
            f"{job.dataset} is {dataset.kind}, and networks of the space {space.name} read "
            f"{space.data_kind}: choose another data set"
        )
    protocol = find_protocol(job.protocol)
    if protocol.data_kind not in (space.data_kind, "any"):
        raise EngineError(
            f"the protocol {protocol.name} is for {protocol.data_kind}, and networks of the space "
            f"{space.name} read {space.data_kind}: choose another protocol"
        )
    architecture, protocol = scaled(job.architecture, protocol, job.cells, job.channels)
    conditions = {"device": job.device, "threads": job.threads}
    config = resolve(protocol, space.data_kind, **conditions)
    return FinalPlan(job, architecture, protocol, config)

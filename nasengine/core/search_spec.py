"""SearchSpec: the complete, JSON-clean settings of one search."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class SearchSpec:
    """Settings of a search: space, strategy, estimator, data, objectives, budget, seed.

    Names are catalogue names; the *_config mappings hold the settings of each part (left
    out ones take their defaults). `objectives` are full names ("error", "latency@cpu");
    `constraints` are texts ("params<2e6"). `in_flight` is how many candidates may be
    unfinished at once; with `deterministic`, outcomes are told in the order of asking, so
    the number of workers changes nothing. Checked by `nasengine.execution.assembly.check`.
    """

    space: str = "cell"
    strategy: str = "dpp-net"
    estimator: str = "train"
    dataset: str = "digits"
    objectives: tuple[str, ...] = ("error", "params")
    constraints: tuple[str, ...] = ()
    candidates: int = 100
    seed: int = 0
    in_flight: int = 1
    deterministic: bool = True
    space_config: dict[str, Any] = field(default_factory=dict)
    strategy_config: dict[str, Any] = field(default_factory=dict)
    estimator_config: dict[str, Any] = field(default_factory=dict)
    dataset_config: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        value["objectives"] = list(self.objectives)
        value["constraints"] = list(self.constraints)
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SearchSpec:
        known = dict(value)
        known["objectives"] = tuple(known["objectives"])
        known["constraints"] = tuple(known.get("constraints", ()))
        return cls(**known)

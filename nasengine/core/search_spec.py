"""SearchSpec: the complete, JSON-clean settings of one search."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class SearchSpec:
    """Settings of a search: space, strategy, estimator, data, objectives, budget, seed.

    `nasengine.execution.assembly.check` checks them and fills in defaults.

    Attributes:
        space, strategy, estimator, dataset: Catalogue names.
        objectives: Full names such as "error" or "latency@cpu".
        constraints: Texts such as "params<2e6".
        candidates: Number of candidates to evaluate; those that are not trained because they
            violate a constraint on a cost do not count.
        proposals_per_candidate: Bound on proposals, as a multiple of `candidates`.
        seed: Seed of every random choice.
        in_flight: Candidates that may be in flight at once.
        deterministic: Outcomes reach the strategy in proposal order, so the number of workers
            does not change the result.
        space_config, strategy_config, estimator_config, dataset_config: Settings of each part;
            those left out have their defaults.
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
    proposals_per_candidate: int = 20

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        value["objectives"] = list(self.objectives)
        value["constraints"] = list(self.constraints)
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SearchSpec:
        fields = dict(value)
        fields["objectives"] = tuple(fields["objectives"])
        fields["constraints"] = tuple(fields.get("constraints", ()))
        return cls(**fields)

"""SearchSpec: the complete, JSON-clean settings of one search."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

LIMITS = ("max_hours", "max_gpu_hours", "max_kwh")  # of the workbench, see webapp.usage


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
        devices: Devices of a workbench that measure by a device agent, by the NAME of latency@NAME:
            {"batch": 1, "profile": "cortex-a53"}; the profile models their costs while they are
            away, "" if none does.
        proposals_per_candidate: Bound on proposals, as a multiple of `candidates`.
        seed: Seed of every random choice.
        in_flight: Candidates that may be in flight at once.
        deterministic: Outcomes reach the strategy in proposal order, so the number of workers
            does not change the result.
        fewer_epochs: How trainings are shortened: "off", "halving", "asha", "median" or "curves",
            see `nasengine.fidelity`; `first_epochs`, `reduction`, `min_chance`, `min_curves` and
            `curve_model` are its settings.
        proxy: A proxy of the catalogue that decides before training whether a candidate is trained,
            or "off", see `nasengine.screening`; `proxy_keep`, `proxy_correlation`, `proxy_first`
            and `proxy_checks` are its settings.
        max_hours, max_gpu_hours, max_kwh: Limits of a run of the workbench; 0: no limit.
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
    fewer_epochs: str = "off"
    first_epochs: int = 1
    reduction: int = 4
    min_chance: float = 0.05
    min_curves: int = 20
    curve_model: str = "gaussian-process"
    proxy: str = "off"
    proxy_keep: float = 0.5
    proxy_correlation: float = 0.3
    proxy_first: int = 10
    proxy_checks: int = 5
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    max_hours: float = 0.0
    max_gpu_hours: float = 0.0
    max_kwh: float = 0.0

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        value["objectives"] = list(self.objectives)
        value["constraints"] = list(self.constraints)
        for name in ("devices", *LIMITS):  # as in the searches of older releases
            if not value[name]:
                del value[name]
        if self.proxy == "off":
            value = {name: kept for name, kept in value.items() if not name.startswith("proxy")}
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SearchSpec:
        fields = dict(value)
        fields["objectives"] = tuple(fields["objectives"])
        fields["constraints"] = tuple(fields.get("constraints", ()))
        return cls(**fields)

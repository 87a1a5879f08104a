"""Plan of a study: shared search settings, the methods to compare, and the seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nasengine.core.search_spec import SearchSpec

RANDOM_SEARCH = "random"  # the baseline of every study
NO_METHOD = {"strategy": RANDOM_SEARCH, "strategy_config": {}}


@dataclass(frozen=True)
class Method:
    """A strategy with its settings; a plan names each strategy once."""

    strategy: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Every method at every seed.

    `spec` holds the settings that all runs share; its strategy and seed are not used. With
    `stop_decided` runs that cannot change a decided comparison are stopped (see deciding.py).
    """

    spec: SearchSpec
    methods: tuple[Method, ...]
    seeds: tuple[int, ...]
    stop_decided: bool = False

    @property
    def run_count(self) -> int:
        return len(self.methods) * len(self.seeds)

    def spec_of(self, method: Method) -> SearchSpec:
        """Return the search settings of a method at the first seed."""
        seed = self.seeds[0] if self.seeds else 0
        config = dict(method.config)
        return replace(self.spec, strategy=method.strategy, strategy_config=config, seed=seed)

    def runs(self) -> Iterator[tuple[Method, int]]:
        """Yield (method, seed) seed by seed, so that early results can be compared already."""
        for seed in self.seeds:
            for method in self.methods:
                yield method, seed

    def to_json(self) -> dict[str, Any]:
        return {
            "question": {**self.spec.to_json(), **NO_METHOD},
            "methods": [{"strategy": m.strategy, "config": dict(m.config)} for m in self.methods],
            "seeds": list(self.seeds),
            **({"stop_decided": True} if self.stop_decided else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        return cls(
            SearchSpec.from_json(value["question"]),
            tuple(Method(method["strategy"], method["config"]) for method in value["methods"]),
            tuple(value["seeds"]),
            bool(value.get("stop_decided", False)),
        )

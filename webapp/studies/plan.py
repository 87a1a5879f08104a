"""Plan: one question, the methods that answer it, and the seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nasengine.core.search_spec import SearchSpec

RANDOM_SEARCH = "random"
NAMES_NO_METHOD = {"strategy": RANDOM_SEARCH, "strategy_config": {}}


@dataclass(frozen=True)
class Method:
    """A strategy with its settings; a plan names each strategy once."""

    strategy: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a study launches: every method at every seed.

    Strategy and seed of `question` do not matter.
    """

    spec: SearchSpec
    methods: tuple[Method, ...]
    seeds: tuple[int, ...]

    @property
    def runs(self) -> int:
        return len(self.methods) * len(self.seeds)

    def of(self, method: Method) -> SearchSpec:
        """What the method is asked, at the first seed."""
        seed = self.seeds[0] if self.seeds else 0
        config = dict(method.config)
        return replace(self.spec, strategy=method.strategy, strategy_config=config, seed=seed)

    def each(self) -> Iterator[tuple[Method, int]]:
        """Every run, seed by seed, so that what is done first can already be compared."""
        for seed in self.seeds:
            for method in self.methods:
                yield method, seed

    def to_json(self) -> dict[str, Any]:
        return {
            "question": {**self.spec.to_json(), **NAMES_NO_METHOD},
            "methods": [{"strategy": m.strategy, "config": dict(m.config)} for m in self.methods],
            "seeds": list(self.seeds),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        return cls(
            SearchSpec.from_json(value["question"]),
            tuple(Method(one["strategy"], one["config"]) for one in value["methods"]),
            tuple(value["seeds"]),
        )

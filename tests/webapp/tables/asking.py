"""Questions on imported tables."""

from __future__ import annotations

from typing import Any

from nasengine.core.search_spec import SearchSpec


def asked(path: str, dataset: str, **changed: Any) -> SearchSpec:
    """A small search on a table whose columns the import knows."""
    spec = {
        "space": "nb201",
        "strategy": "regularised-evolution",
        "strategy_config": {"population": 5, "sample": 2},
        "estimator": "table",
        "dataset": dataset,
        "objectives": ("error", "latency@board"),
        "candidates": 12,
        "seed": 3,
        "estimator_config": {"path": path},
    }
    return SearchSpec(**{**spec, **changed})

"""Questions on imported tables."""

from __future__ import annotations

from typing import Any

from nasengine.core.question import Question


def asked(path: str, dataset: str, **changed: Any) -> Question:
    """A small search on a table whose columns the import knows."""
    question = {
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
    return Question(**{**question, **changed})

"""Figures over all seeds of the evaluation that a stored network belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.errors import EngineError
from ..execution.evaluation_result import FILE, EvaluationResult
from ..execution.network_folder import DESCRIPTION_FILE, StoredNetwork, load_stored

FIGURES = ("test_error", "test_perplexity")


def load_for_export(folder: Path) -> StoredNetwork:
    """Return the stored network of a folder.

    Raises:
        EngineError: the folder has no network; for an evaluation the message lists its networks.
    """
    if (folder / FILE).is_file() and not (folder / DESCRIPTION_FILE).is_file():
        result = EvaluationResult.load(folder)
        named = ", ".join(str(path) for path in result.networks.values())
        raise EngineError(
            f"{folder} is an evaluation with several networks: name one of {named or 'none'}"
        )
    return load_stored(folder)


def evaluation_figures(folder: Path, stored: StoredNetwork) -> dict[str, dict[str, Any]]:
    """Return the figures of the evaluation around a network, by objective.

    Returns:
        Objective -> "mean", "spread" (standard deviation), "seeds" and "unit". Empty if the
        network is on its own, or the evaluation is that of another one.
    """
    if not (folder.parent / FILE).is_file():
        return {}
    try:
        result = EvaluationResult.load(folder.parent)
        if result.architecture != stored.architecture:
            return {}
    except EngineError:
        return {}
    measured = {name for outcome in result.done for name in outcome.values}
    figures = [result.figure(name) for name in FIGURES if name in measured]
    return {
        figure.objective: {
            "mean": figure.mean,
            "spread": figure.std,
            "seeds": figure.n,
            "unit": figure.unit,
        }
        for figure in figures
    }

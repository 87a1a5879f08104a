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


def evaluation_figures(folder: Path, stored: StoredNetwork) -> list[dict[str, Any]]:
    """Return mean, standard deviation and number of seeds, for the evaluation around a network.

    The list is empty if the network is on its own, or the evaluation is that of another one.
    """
    if not (folder.parent / FILE).is_file():
        return []
    try:
        result = EvaluationResult.load(folder.parent)
        if result.architecture != stored.architecture:
            return []
    except EngineError:
        return []
    measured = {name for outcome in result.done for name in outcome.values}
    return [result.figure(name).to_json() for name in FIGURES if name in measured]

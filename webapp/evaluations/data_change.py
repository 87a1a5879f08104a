"""Whether a training uses other data than the search that found its architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.settings import from_mapping, to_mapping
from webapp.accounts.models import Team
from webapp.datasets.labels import data_labels

from .models import Evaluation
from .subjects import SearchData, search_data


def data_change(
    team: Team, searched_on: SearchData | None, dataset: str, config: Mapping[str, Any]
) -> str:
    """Return a warning if a training uses other data than the search; "" if it does not.

    Args:
        team: the team of both.
        searched_on: the data set of the search; None if no search found the architecture.
        dataset: name of the data set of the training.
        config: its settings.
    """
    if searched_on is None:
        return ""
    before = searched_on.dataset, _complete(searched_on.dataset, searched_on.config)
    if before == (dataset, _complete(dataset, config)):
        return ""
    then, now = data_labels(team, [(searched_on.dataset, searched_on.config), (dataset, config)])
    return (
        f"The search used {then}, this training uses {now}: "
        "its figures cannot be compared with those of the search."
    )


def data_change_of(evaluation: Evaluation) -> str:
    """Return the same of an evaluation whose candidate is still there."""
    candidate = evaluation.candidate
    if candidate is None:
        return ""
    searched_on = search_data(candidate.run.spec, evaluation.architecture["space"])
    return data_change(evaluation.team, searched_on, evaluation.dataset, evaluation.dataset_config)


def _complete(dataset: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the defaults of those that are missing."""
    try:
        return to_mapping(from_mapping(catalog.load("datasets", dataset).Config, dict(config)))
    except EngineError:
        return dict(config)

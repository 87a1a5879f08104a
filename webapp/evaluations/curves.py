"""Learning curves of the seeds of an evaluation, as columns for the plot."""

from __future__ import annotations

import math
from typing import Any

from .models import Training

MAX_POINTS = 400  # of one seed in the plot
MEASURES = {
    "train_loss": "training loss",
    "train_error": "training error (%)",
    "valid_loss": "validation loss",
    "valid_error": "validation error (%)",
    "valid_perplexity": "validation perplexity",
    "train_perplexity": "training perplexity",
}


def curves_of(trainings: list[Training]) -> dict[str, Any]:
    """Return the measures that were reported and the points of every seed.

    A seed with many epochs is thinned; its last epoch is always part of it.
    """
    reported = {name for training in trainings for point in training.curve for name in point}
    measures = {name: title for name, title in MEASURES.items() if name in reported}
    seeds = [
        {
            "seed": training.seed,
            "state": training.state,
            "epoch": [point.get("epoch") for point in points],
            **{name: [point.get(name) for point in points] for name in measures},
        }
        for training in trainings
        if (points := _thinned(training.curve))
    ]
    return {"measures": measures, "seeds": seeds}


def _thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    step = math.ceil(len(points) / MAX_POINTS) or 1
    return points[::-1][::step][::-1]

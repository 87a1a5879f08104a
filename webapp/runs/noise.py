"""Warnings about errors of a search that are within noise of guessing."""

from __future__ import annotations

import math

from nasengine.core.data_report import DataReport

from .models import Run

NOISE = 2.0  # standard errors


def noise_of_run(run: Run) -> str:
    """Return a warning if the best error of a run is within noise of guessing; "" if it is not."""
    error = run.best_values.get("error")
    if not run.data_report or error is None:
        return ""
    return noise_words(DataReport.from_json(run.data_report), error)


def noise_words(report: DataReport, error: float) -> str:
    """Return a warning if an error is within two standard errors of that of guessing.

    Args:
        report: the report of the data that the search reads.
        error: error on the validation part, in percent.
    """
    images, classes = report.parts.get("valid", 0), len(report.classes)
    if images < 1 or classes < 2:
        return ""
    chance = 1 - 1 / classes
    noise = NOISE * math.sqrt(chance * (1 - chance) / images)
    if error / 100 < chance - noise:
        return ""
    return (
        f"The best error, {error:.3g} %, is within noise of guessing ({100 * chance:.3g} % ± "
        f"{100 * noise:.2g} with {images:,} validation images): train for more epochs or use more "
        "images before you compare candidates."
    )

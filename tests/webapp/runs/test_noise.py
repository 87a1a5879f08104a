"""Warnings about small validation parts and about errors that are those of guessing."""

from __future__ import annotations

import pytest

from nasengine.core.data_report import Class, DataReport
from webapp.runs.noise import noise_words


def report(valid: int, classes: int = 4) -> DataReport:
    """Return a report of pictures with so many for validation."""
    every = tuple(Class(str(number), 40, 8) for number in range(classes))
    return DataReport("images", "images", {"train": 115, "valid": valid, "test": 32}, every)


@pytest.mark.parametrize(("valid", "error", "warns"), [
    (13, 61.54, True),  # 75 % - 2 * 12.0
    (13, 46.0, False),
    (1000, 61.54, False),
    (1000, 74.0, True),
    (0, 75.0, False),
])  # fmt: skip
def test_an_error_within_two_standard_errors_of_guessing_has_a_warning(valid, error, warns):
    words = noise_words(report(valid), error)
    assert ("within noise of guessing (75 %" in words) == warns


def test_a_small_validation_part_has_a_warning():
    assert "13 validation images: one image is 7.69 points of error" in report(13).coarse
    assert report(1).coarse.startswith("1 validation image: one image is 100 points")
    assert report(100).coarse == report(0).coarse == ""

"""Throughput of a training: images or words per second of an epoch, without its validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .numbers import number_text

COUNTS = {"train_images": "images/s", "train_words": "words/s"}  # of a reported epoch


class Throughput(NamedTuple):
    """Examples per second, and what they are: "images/s" or "words/s"."""

    per_second: float
    unit: str

    @property
    def text(self) -> str:
        """The throughput with its unit: 1240 images/s."""
        return f"{number_text('throughput', self.per_second, self.unit)} {self.unit}"


def throughput_of(point: Mapping[str, Any]) -> Throughput | None:
    """Return the throughput of a reported epoch; None for epochs of releases without counts."""
    seconds = point.get("train_seconds")
    for name, unit in COUNTS.items():
        if seconds and (count := point.get(name)):
            return Throughput(count / seconds, unit)
    return None

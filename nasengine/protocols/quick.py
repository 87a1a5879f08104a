"""A training of seconds on one CPU core, for first steps and tests."""

from __future__ import annotations

from ..core.protocol import Protocol

QUICK = Protocol(
    name="quick",
    help="Ten epochs in the network's own size: seconds on digits with one CPU core.",
    data_kind="any",
    settings={"epochs": 10, "schedule": "cosine"},
)

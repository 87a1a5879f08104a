"""Processes that torchrun started to train one network together. Needs no torch to ask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def is_shared() -> bool:
    """Return whether torchrun started several processes for this training."""
    return int(os.environ.get("WORLD_SIZE") or 1) > 1 and "RANK" in os.environ


def is_first() -> bool:
    """Return whether this process reports, stores and tests."""
    return not is_shared() or os.environ["RANK"] == "0"


@contextmanager
def joined() -> Iterator[None]:
    """Join the other processes for the time of a training, if there are any."""
    if not is_shared():
        yield
        return
    from ..estimators.training.data_parallel import join

    with join():
        yield

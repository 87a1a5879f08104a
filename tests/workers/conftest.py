"""Real worker processes on the test's own database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .fleet import Fleet


@pytest.fixture
def fleet(transactional_db) -> Iterator[Fleet]:
    """A Fleet without processes; whatever it started is ended before the tables are emptied."""
    with tempfile.TemporaryDirectory(prefix="paretoscope-fleet-") as folder:
        bench = Fleet(Path(folder))
        try:
            bench.open()
            yield bench
        finally:
            bench.close()

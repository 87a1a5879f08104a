"""A team with runs of every kind."""

from __future__ import annotations

import pytest

from tests.fixtures.factories import end_run, make_run

# (state, error, params) of the candidates in order; the front is 0 and 3.
ENDINGS = [
    ("done", 20.0, 1000.0),
    ("done", 30.0, 2000.0),
    ("diverged", None, 3000.0),
    ("done", 10.0, 4000.0),
]


@pytest.fixture
def finished(team):
    """A run that ended with `ENDINGS`: best error 10, two on the front."""
    return end_run(make_run(team, candidates=len(ENDINGS)), ENDINGS)

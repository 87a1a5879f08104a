"""Every test has its own folder for copies of imported tables."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def laid(tmp_path, monkeypatch):
    """The folder for copies of imported tables."""
    folder = tmp_path / "laid"
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder))
    return folder

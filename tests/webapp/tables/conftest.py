"""Files of imported tables go to a folder of their own in every test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def laid(tmp_path, monkeypatch):
    """The folder in which imported tables are laid down."""
    folder = tmp_path / "laid"
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder))
    return folder

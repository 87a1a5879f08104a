"""Fixtures of the tests of one-shot trainers."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def own_threads():
    """Restore torch's thread number after the test."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)

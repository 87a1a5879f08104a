"""What tests of shared networks have in common."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def own_threads():
    """Threads of torch are put back, whatever the test sets."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)

"""Filter before training: a proxy decides which candidates are trained, while it ranks them well.

The search asks `Screen.request` for every new candidate; its evaluation computes the proxy and ends
the candidate as pruned if the score is below the floor. See docs/proxies.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core.objective import Goal
from ..core.search_spec import SearchSpec
from .screen import Screen, Switch
from .settings import ScreenSettings

__all__ = ["Screen", "ScreenSettings", "Switch", "screen_for"]


def screen_for(spec: SearchSpec, goals: Sequence[Goal]) -> Screen | None:
    """Return the filter of a search; None if it has none."""
    return None if spec.proxy == "off" else Screen(ScreenSettings.of(spec), goals)

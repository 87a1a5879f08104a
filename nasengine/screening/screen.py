"""Screen: which candidates a proxy keeps from being trained, and whether it is good enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..catalog import has, load
from ..core.errors import EngineError
from ..core.objective import Goal
from ..core.outcome import Outcome
from ..core.proxy import Proxy, ProxyEnsemble
from ..statistics.ranks import RankCorrelation, rank_correlation
from .settings import ScreenSettings

VERSION = 1
MAX_SEEN = 200  # newest scores that the floor follows from
GRID = 41  # quantiles of each part of an ensemble that travel with a proposal


@dataclass(frozen=True)
class Switch:
    """The filter was switched on or off; `text` says why."""

    active: bool
    text: str


class Screen:
    """The filter of one search.

    `request` returns what the evaluation of a new candidate needs, `take` learns from outcomes in
    the order in which the strategy does. The first candidates and then one in `checks` are
    trained whatever their score: only these count for the rank correlation of the proxy with the
    result, which would look too small among networks that the proxy has chosen. While the
    correlation is below the asked one, no candidate is dropped.
    """

    def __init__(self, settings: ScreenSettings, goals: Sequence[Goal]):
        self.settings = settings
        self.active = False
        self._goal = quality_of(goals)
        self._seen: list[list[float]] = []  # scores of the parts, of every candidate
        self._pairs: list[list[float]] = []  # the same of checked candidates, then the result

    @property
    def proxy(self) -> type[Proxy]:
        proxy: type[Proxy] = load("proxies", self.settings.proxy)
        return proxy

    @property
    def names(self) -> tuple[str, ...]:
        """The proxies that are computed: the parts of an ensemble."""
        return self.proxy.parts or (self.settings.proxy,)

    @property
    def correlation(self) -> RankCorrelation | None:
        """Rank correlation of the proxy with the results of checked candidates."""
        if not self._pairs:
            return None
        columns = np.array(self._pairs).T
        return rank_correlation(self._scores(columns[:-1]), columns[-1].tolist())

    def request(self, number: int) -> dict[str, Any]:
        """Return the filter of a new candidate as JSON.

        Returns:
            `proxy`; if the filter is active also `floor`, for an ensemble with the `reference`
            that scores are placed in, and `check` if the candidate is trained anyway.
        """
        found: dict[str, Any] = {"proxy": self.settings.proxy}
        if self.settings.is_checked(number):
            found["check"] = True
        if not self.active:
            return found
        columns = np.array(self._seen).T
        if self.proxy.parts:
            grid = np.quantile(columns, np.linspace(0, 1, GRID), axis=1).T
            reference = {
                name: [float(f"{value:.6g}") for value in row]
                for name, row in zip(self.names, grid, strict=True)
            }
            found["reference"] = reference
            scores = [
                placed(self.proxy, reference, dict(zip(self.names, row, strict=True)))
                for row in self._seen
            ]
        else:
            scores = columns[0].tolist()
        found["floor"] = float(np.quantile(scores, 1 - self.settings.keep))
        return found

    def take(self, outcome: Outcome) -> Switch | None:
        """Learn from an ended candidate; return whether the filter was switched on or off."""
        values = outcome.values
        if not all(name in values for name in self.names):
            return None
        scores = [float(f"{values[name]:.9g}") for name in self.names]
        self._seen = [*self._seen, scores][-MAX_SEEN:]
        goal = self._goal
        if outcome.state != "done" or goal.name not in values:
            return None
        if not self.settings.is_checked(outcome.number):
            return None
        result = values[goal.name] * (1 if goal.better == "higher" else -1)
        if not math.isfinite(result):
            return None
        self._pairs.append([*scores, float(f"{result:.9g}")])
        return self._judged()

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue, as JSON."""
        found = self.correlation
        return {
            "version": VERSION,
            "active": self.active,
            "seen": self._seen,
            "pairs": self._pairs,
            "correlation": None if found is None else found.to_json(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Raises:
            EngineError: this release cannot read the version.
        """
        if state.get("version") != VERSION:
            raise EngineError(f"the state of the filter has version {state.get('version')!r}")
        self.active = state["active"]
        self._seen = [list(row) for row in state["seen"]]
        self._pairs = [list(row) for row in state["pairs"]]

    def _judged(self) -> Switch | None:
        """Switch the filter on or off by the rank correlation so far."""
        if len(self._pairs) < self.settings.first:
            return None
        found = self.correlation
        good = found is not None and found.spearman >= self.settings.correlation
        if good == self.active:
            return None
        self.active = good
        if found is None:
            return Switch(good, f"{self.settings.proxy} is the same for all candidates")
        side = "at least" if good else "below"
        return Switch(
            good,
            f"the rank correlation of {self.settings.proxy} with {self._goal.name} is "
            f"{found.spearman:.2f} ({found.low:.2f} to {found.high:.2f}, {found.count} candidates),"
            f" {side} {self.settings.correlation:g}",
        )

    def _scores(self, columns: np.ndarray) -> list[float]:
        """Return one score for each candidate from the scores of the parts (k x n)."""
        proxy = self.proxy()
        if isinstance(proxy, ProxyEnsemble):
            return proxy.combined(dict(zip(self.names, columns.tolist(), strict=True)))
        scores: list[float] = columns[0].tolist()
        return scores


def placed(
    proxy: type[Proxy], reference: Mapping[str, Sequence[float]], scores: Mapping[str, float]
) -> float:
    """Return the score of an ensemble for one network among the networks of a reference."""
    ensemble = proxy()
    assert isinstance(ensemble, ProxyEnsemble)
    return ensemble.combined({name: [*reference[name], scores[name]] for name in scores})[-1]


def low_score(screen: Mapping[str, Any], values: Mapping[str, float]) -> str:
    """Return why a candidate is not trained, "" if it is.

    Args:
        screen: What `Screen.request` returned.
        values: The scores of the proxies by name.
    """
    if screen.get("estimate"):
        return f"estimated by {screen['proxy']} to choose the first candidates"
    if screen.get("check") or not is_below(screen, values):
        return ""
    return f"{screen['proxy']} is below the filter's floor of {screen['floor']:.4g}"


def is_below(screen: Mapping[str, Any], values: Mapping[str, float]) -> bool:
    """Return whether the score of a candidate is below the floor of its filter."""
    if "floor" not in screen:
        return False
    proxy = load("proxies", screen["proxy"])
    if not proxy.parts:
        return bool(values[proxy.name] < screen["floor"])
    scores = {name: values[name] for name in proxy.parts}
    return placed(proxy, screen["reference"], scores) < screen["floor"]


def quality_of(goals: Sequence[Goal]) -> Goal:
    """Return the objective that proxies estimate: the first one that needs training."""
    for goal in goals:
        if not has("objectives", goal.kind) or load("objectives", goal.kind).from_estimator:
            return goal
    return goals[0]

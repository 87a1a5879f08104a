"""Cheap estimates of a run: how well they rank its candidates, what the filter saved and lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Q

from nasengine import catalog
from nasengine.pareto.orientation import oriented
from nasengine.pareto.volume import hypervolume
from nasengine.screening.screen import is_below, quality_of
from nasengine.statistics.ranks import RankCorrelation, rank_correlation

from .models import FINITE, Candidate, CandidateState, Measurement, Run
from .objectives import goals_of

MAX_TRAINED = 2000  # newest candidates that correlations are computed of
MAX_CHECKS = 200  # newest candidates that were trained whatever their score


@dataclass(frozen=True)
class Estimate:
    """How well one cheap estimate ranks the trained candidates.

    Attributes:
        name: The proxy.
        found: Its rank correlation with the result; None for too few candidates.
        role: "filter" or "objective".
    """

    name: str
    found: RankCorrelation | None
    role: str


@dataclass(frozen=True)
class Filtered:
    """Effect of the filter of a run.

    Attributes:
        proxy: Name of the proxy.
        active: Whether candidates are dropped now.
        asked: Smallest rank correlation at which it decides.
        dropped: Candidates that were not trained because of it.
        saved_s: Seconds of workers that this saved, estimated from mean durations; None before
            the first duration.
        checks: Candidates that were trained whatever their score while it was active.
        below: Numbers of those of them that it would have dropped.
        on_front: Numbers of those that are on the front.
        volume_lost: Share of the front's hypervolume that would be missing without them, in
            percent; None if it is unknown.
    """

    proxy: str
    active: bool
    asked: float
    dropped: int
    saved_s: float | None
    checks: int
    below: list[int]
    on_front: list[int]
    volume_lost: float | None

    @property
    def lost_s(self) -> float:
        """Seconds that the proxy has cost more than it saved."""
        return max(-(self.saved_s or 0.0), 0.0)


def estimates_of(run: Run) -> list[str]:
    """Return the cheap estimates among the objectives and the filter of a run."""
    names = [run.spec.get("proxy", "off"), *(goal["name"] for goal in run.objectives)]
    return [name for name in dict.fromkeys(names) if catalog.has("proxies", name)]


def estimates_context(run: Run) -> dict[str, Any]:
    """Return what the card of the run's page shows; the number of queries is fixed."""
    goals = goals_of(run)
    quality = quality_of(goals)
    proxy = run.spec.get("proxy", "off")
    names = [name for name in estimates_of(run) if name not in {proxy, quality.name}]
    sign = 1 if quality.better == "higher" else -1
    rows = [Estimate(name, fits, "objective") for name, fits in _found(run, names, quality, sign)]
    if proxy != "off":
        state = run.proxy_state or {}
        found = RankCorrelation(**state["correlation"]) if state.get("correlation") else None
        rows.insert(0, Estimate(proxy, found, "filter"))
    return {
        "run": run,
        "quality": quality.name,
        "estimates": rows,
        "filtered": None if proxy == "off" else filtered(run),
    }


def filtered(run: Run) -> Filtered:
    """Return what the filter of a run has saved and lost."""
    dropped = Q(state=CandidateState.PRUNED, violation=0) & ~Q(origin="estimate")
    done = Q(state=CandidateState.DONE)
    sums = run.candidates.aggregate(
        dropped=Count("pk", filter=dropped),
        proxy_s=Avg("seconds", filter=dropped),
        trained=Count("pk", filter=done),
        trained_s=Avg("seconds", filter=done),
    )
    saved = None
    if sums["proxy_s"] is not None and sums["trained_s"] is not None:
        # Without the filter no candidate would have cost the proxy, and each a training.
        spared = sums["dropped"] * (sums["trained_s"] - 2 * sums["proxy_s"])
        saved = spared - sums["trained"] * sums["proxy_s"]
    checked = _checked(run)
    below = [number for number, (screen, values) in checked.items() if is_below(screen, values)]
    front = set(run.front.get("numbers", []))
    on_front = [number for number in below if number in front]
    return Filtered(
        proxy=run.spec["proxy"],
        active=bool((run.proxy_state or {}).get("active")),
        asked=run.spec["proxy_correlation"],
        dropped=sums["dropped"],
        saved_s=saved,
        checks=len(checked),
        below=below,
        on_front=on_front,
        volume_lost=_volume_lost(run, on_front),
    )


def _checked(run: Run) -> dict[int, tuple[dict[str, Any], dict[str, float]]]:
    """Return filter and values of the candidates that an active filter did not decide over."""
    rows = run.candidates.filter(
        state=CandidateState.DONE,
        proposal__screen__check=True,
        proposal__screen__has_key="floor",
    ).order_by("-number")
    screens = dict(rows.values_list("number", "proposal__screen")[:MAX_CHECKS])
    values = _values(run, list(screens))
    return {number: (screens[number], values.get(number, {})) for number in sorted(screens)}


def _volume_lost(run: Run, numbers: list[int]) -> float | None:
    """Return by how much of itself the hypervolume shrinks without some members, in percent."""
    reference = run.front.get("reference")
    front = run.front.get("numbers", [])
    if not reference or not front:
        return None
    if not numbers:
        return 0.0
    goals = goals_of(run)
    values = _values(run, front)
    complete = [n for n in front if all(goal.name in values.get(n, {}) for goal in goals)]
    point = oriented([dict(zip((g.name for g in goals), reference, strict=True))], goals)[0]
    whole = hypervolume(oriented([values[n] for n in complete], goals), point)
    rest = [n for n in complete if n not in numbers]
    left = hypervolume(oriented([values[n] for n in rest], goals), point) if rest else 0.0
    return 100 * (whole - left) / whole if whole > 0 else None


def _values(run: Run, numbers: list[int]) -> dict[int, dict[str, float]]:
    """Return the measured values of some candidates, by number and name."""
    found: dict[int, dict[str, float]] = {}
    rows = Measurement.objects.filter(FINITE, candidate__run=run, candidate__number__in=numbers)
    for number, name, value in rows.values_list("candidate__number", "objective", "value"):
        found.setdefault(number, {})[name] = value
    return found


def _found(
    run: Run, names: list[str], quality: Any, sign: int
) -> list[tuple[str, RankCorrelation | None]]:
    """Return the rank correlation of each estimate with the result of the trained candidates."""
    newest = Candidate.objects.filter(run=run, state=CandidateState.DONE).order_by("-number")
    values = _values(run, list(newest.values_list("number", flat=True)[:MAX_TRAINED]))
    found = []
    for name in names:
        rows = [row for row in values.values() if name in row and quality.name in row]
        estimates = [row[name] for row in rows]
        results = [sign * row[quality.name] for row in rows]
        found.append((name, rank_correlation(estimates, results)))
    return found

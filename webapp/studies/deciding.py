"""Is it decided yet? Each method against random search while the seeds of a study arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasengine.core.objective import Goal
from nasengine.pareto.coverage import covered
from nasengine.pareto.dominance import non_dominated
from nasengine.pareto.volume import hypervolume, reference_point
from nasengine.statistics.sequential import ALPHA, Evidence, corrected, evidence, more_seeds
from webapp.compare.histories import History, histories_of, shared_goals
from webapp.runs.models import Run, RunState, Study

from .plan import RANDOM_SEARCH

COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Progress:
    """The state of the comparison of a method with random search while seeds arrive.

    Attributes:
        method: The method.
        found: Wins and losses over the seeds in their order.
        p: The anytime-valid p value with Holm's correction for all methods.
        sentence: The state in words.
    """

    method: str
    found: Evidence
    p: float
    sentence: str

    @property
    def decided(self) -> bool:
        """Whether the comparison is decided at a probability of a false alarm of 5 %."""
        return self.p <= ALPHA


def progress_of(study: Study) -> list[Progress]:
    """Compare every method with random search over the seeds at which both have finished.

    Seeds count in their order, as far as both runs have ended, so that quick runs do not come
    first. The reference point of a seed's hypervolumes is that of the two methods' points up to
    this seed: later seeds cannot change who won.
    """
    runs = list(study.runs.defer("strategy_state", "view", "front").order_by("seed", "pk"))
    goals = shared_goals(runs)
    if not goals:
        return []
    histories = dict(zip((run.pk for run in runs), histories_of(runs, goals), strict=True))
    methods: dict[str, dict[int, Run]] = {}
    for run in runs:
        methods.setdefault(run.strategy, {})[run.seed] = run
    baseline = methods.pop(RANDOM_SEARCH, {})
    pairs = {name: _finished(own, baseline, histories) for name, own in methods.items() if baseline}
    found = {name: evidence(_differences(both)) for name, both in pairs.items()}
    p_values = corrected(found)
    return [
        Progress(name, state, p_values[name], _sentence(name, state, p_values, pairs[name], goals))
        for name, state in found.items()
    ]


def _finished(
    own: dict[int, Run], baseline: dict[int, Run], histories: dict[int, History]
) -> list[tuple[History, History]]:
    """The histories of both methods, seed by seed, up to the first that has not ended."""
    pairs = []
    for seed in sorted(own.keys() & baseline.keys()):
        runs = (own[seed], baseline[seed])
        if any(run.state in (RunState.FAILED, RunState.STOPPED) for run in runs):
            continue  # a failed or stopped run is no result of its method
        if any(run.state != RunState.FINISHED for run in runs):
            break
        pairs.append((histories[runs[0].pk], histories[runs[1].pk]))
    return pairs


def _differences(pairs: Sequence[tuple[History, History]]) -> list[float]:
    """The first's hypervolume (or best value) minus the second's at each seed."""
    differences: list[float] = []
    worst: list[np.ndarray] = []
    for both in pairs:
        worst += [h.worst for h in both if h.worst is not None]
        if not worst:
            differences.append(0.0)
            continue
        reference = reference_point(np.array(worst))
        volumes = [hypervolume(_feasible(h), reference) for h in both]
        differences.append(volumes[0] - volumes[1])
    return differences


def _feasible(history: History) -> np.ndarray:
    return history.points[history.violations == 0]


def _front(history: History) -> np.ndarray:
    points = _feasible(history)
    return points[non_dominated(points)] if len(points) else points


def _sentence(
    name: str,
    evidence: Evidence,
    p_values: dict[str, float],
    pairs: Sequence[tuple[History, History]],
    goals: Sequence[Goal],
) -> str:
    seeds = evidence.wins + evidence.losses
    if not pairs:
        return f"{name} and {RANDOM_SEARCH}: no seed at which both have finished."
    if evidence.wins >= evidence.losses:
        ahead, behind, wins = name, RANDOM_SEARCH, evidence.wins
    else:
        ahead, behind, wins = RANDOM_SEARCH, name, evidence.losses
    start = f"{ahead} is ahead of {behind} at {wins} of {seeds} seeds"
    if len(goals) > 1:
        shares = covered(*([_front(pair[i]) for pair in pairs] for i in (0, 1)))
        share = shares[0] if ahead == name else shares[1]
        start = (
            f"{ahead} covers {behind} on {100 * share:.0f} % of the front, {wins} of {seeds} seeds"
        )
    p = p_values[name]
    if p <= ALPHA:
        return f"{start}: decided (anytime-valid p = {p:.2g})."
    more = more_seeds(evidence, evidence.p * ALPHA / p if p else ALPHA)
    if more is None:
        return f"{start}: not decided (anytime-valid p = {p:.2g})."
    word = COUNT_WORDS[more] if more < len(COUNT_WORDS) else str(more)
    verb = "seed decides" if more == 1 else "seeds decide"
    return f"{start}; {word} more {verb} if they go the same way (anytime-valid p = {p:.2g})."


def to_stop(study: Study, progress: Sequence[Progress]) -> list[Run]:
    """Return the runs that a study with decided comparisons does not need.

    They have evaluated nothing yet: those of decided methods, and those of random search once
    every method is decided.
    """
    decided = {method.method for method in progress if method.decided}
    if progress and len(decided) == len(progress):
        decided.add(RANDOM_SEARCH)
    waiting = study.runs.filter(
        strategy__in=decided, told=0, state__in=(RunState.QUEUED, RunState.RUNNING)
    )
    return list(waiting.order_by("pk"))

"""The expected time of a run before its launch, and of what is left of one that runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from nasengine.core.search_spec import SearchSpec
from webapp.accounts.models import Team
from webapp.usage.services.limits import limits_of

from .models import Candidate, CandidateState, Run, RunState
from .numbers import value_text

SAME = ("space", "estimator", "dataset", "space_config", "estimator_config", "dataset_config")
SAMPLE = 200
RECENT_SHARE = 0.2  # of the run's time, over which the pace is measured
MIN_RECENT = 3


@dataclass(frozen=True)
class Cost:
    """Expected cost of a run: the mean time of `seen` earlier candidates, on `workers` at once."""

    each_seconds: float
    seen: int
    total_seconds: float
    workers: int


def expected_cost(team: Team, spec: SearchSpec) -> Cost | None:
    """Return the expected cost of a search; None if nothing like it has been evaluated.

    It is the mean time of the team's latest candidates with the same space, estimator and
    data set, all with the same settings.
    """
    settings = spec.to_json()
    same = {f"run__spec__{name}": settings[name] for name in SAME}
    done = Candidate.objects.filter(
        run__team=team, state=CandidateState.DONE, started_at__isnull=False, **same
    )
    times = done.order_by("-pk").values_list("started_at", "ended_at")[:SAMPLE]
    seconds = [(end - start).total_seconds() for start, end in times if start and end]
    if not seconds:
        return None
    each = sum(seconds) / len(seconds)
    return Cost(each, len(seconds), each * spec.candidates / spec.in_flight, spec.in_flight)


def cost_text(candidate: Candidate) -> str:
    """Return what the evaluation of a candidate cost, in words; empty if nothing was recorded."""
    parts = []
    if candidate.epochs:
        parts.append(f"{candidate.epochs:g} epoch{'' if candidate.epochs == 1 else 's'}")
    if candidate.seconds is not None:
        parts.append(f"{value_text('seconds', candidate.seconds, 's')}")
    if candidate.gpu_seconds is not None:
        parts.append(f"of these {value_text('seconds', candidate.gpu_seconds, 's')} on a GPU")
    return ", ".join(parts)


def worked_from(run: Run) -> datetime | None:
    """Return the start of a run, moved forward by its rests: pauses and ends before a new start."""
    if run.started_at is None:
        return None
    return run.started_at + timedelta(seconds=run.rested_seconds)


def worked_seconds(run: Run) -> float | None:
    """Return for how long a run has worked, without its rests; None before its start."""
    start = worked_from(run)
    if start is None:
        return None
    return max(0.0, ((run.rested_at or timezone.now()) - start).total_seconds())


def seconds_left(run: Run) -> float | None:
    """Return the expected seconds until the budget is used; None if that is not known.

    The pace is that of the latest part of the run's time, because candidates may become slower
    or faster. It is measured over a time, not over a number of candidates: many may end at the
    same moment, such as lookups or candidates that are pruned before training.
    """
    worked = worked_seconds(run)
    if run.state != RunState.RUNNING or not worked or run.told < MIN_RECENT:
        return None
    window = worked * RECENT_SHARE
    since = timezone.now() - timedelta(seconds=window)
    recent = run.candidates.filter(ended_at__gt=since).count()
    pace = recent / window if recent >= MIN_RECENT else run.told / worked
    left = run.candidate_budget - run.budget_used
    # Each of them takes as many proposals as before.
    seconds = left / pace * (run.told / max(run.budget_used, 1))
    shares = [limit.used / limit.limit for limit in limits_of(run, worked)]
    by_limits = [worked / share - worked for share in shares if share > 0]
    return max(0.0, min([seconds, *by_limits]))

"""The expected time of a run before its launch, and of what is left of one that runs."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from nasengine.core.search_spec import SearchSpec
from nasengine.execution.assembly import is_lookup
from webapp.accounts.models import Team

from .models import Candidate, CandidateState, Run, RunState

SAME = ("space", "estimator", "dataset", "space_config", "estimator_config", "dataset_config")
SAMPLE = 200
RECENT = 10
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


def seconds_left(run: Run) -> float | None:
    """Return the expected seconds until the budget is used; None if that is not known.

    Trainings follow the pace of the latest candidates. Lookups end many at a time, so for
    them the pace of the whole run counts.
    """
    if run.state != RunState.RUNNING or run.started_at is None or run.told < MIN_RECENT:
        return None
    if is_lookup(SearchSpec.from_json(run.spec)):
        each = (timezone.now() - run.started_at).total_seconds() / run.told
    else:
        ended = run.candidates.filter(ended_at__isnull=False).order_by("-ended_at")
        latest = ended.values_list("ended_at", flat=True)[: RECENT + 1]
        times = [time for time in latest if time is not None]
        if len(times) < MIN_RECENT:
            return None
        each = (times[0] - times[-1]).total_seconds() / (len(times) - 1)
    return each * (run.candidate_budget - run.told)

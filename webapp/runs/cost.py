"""What a run will probably take, from earlier candidates like its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec

from .models import Candidate, CandidateState

LIKE_IT = ("space", "estimator", "dataset", "space_config", "estimator_config", "dataset_config")
SAMPLE = 200


@dataclass(frozen=True)
class Cost:
    """What a run will take: the mean time of `seen` earlier candidates, on `workers` at once."""

    each_seconds: float
    seen: int
    total_seconds: float
    workers: int


def is_looked_up(spec: SearchSpec) -> bool:
    """Whether candidates are looked up, so that what they take is not worth a word."""
    try:
        return catalog.load("estimators", spec.estimator).is_lookup
    except EngineError:
        return False


def expected_cost(team: Any, spec: SearchSpec) -> Cost | None:
    """From the team's last candidates of the same space, estimator and data, all settings
    included; None where there is none."""
    asked = spec.to_json()
    alike = {f"run__spec__{name}": asked[name] for name in LIKE_IT}
    done = Candidate.objects.filter(
        run__team=team, state=CandidateState.DONE, started_at__isnull=False, **alike
    )
    times = done.order_by("-pk").values_list("started_at", "ended_at")[:SAMPLE]
    seconds = [(end - start).total_seconds() for start, end in times if end]
    if not seconds:
        return None
    each = sum(seconds) / len(seconds)
    return Cost(each, len(seconds), each * spec.candidates / spec.in_flight, spec.in_flight)

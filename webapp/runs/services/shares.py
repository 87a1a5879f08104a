"""Fair share: how much of the workers' time each team has used lately, by its weight."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import Case, DurationField, ExpressionWrapper, F, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest, Now

from webapp.accounts.models import Team
from webapp.runs.leased import Leased

WINDOW = timedelta(hours=1)
ADVANCE = timedelta(minutes=1)  # charged for running work, so that claims at one moment alternate
STEP = timedelta(seconds=10)


def loads_of(team_ids: set[int]) -> dict[int, float]:
    """Return the mean number of workers of each team over the last hour, divided by its weight.

    The team with the smallest load is served next, so that the time on workers follows the
    weights, whether work takes seconds or days and with any number of workers. Work that runs
    counts one more minute. A team without work for an hour starts again at zero: it cannot save
    time up.

    Times are counted in steps of ten seconds, so that moments do not decide between teams. Two
    queries, whatever the number of teams and works.
    """
    first, *others = _times()
    used: dict[int, timedelta] = defaultdict(timedelta)
    for team_id, time in first.union(*others, all=True):
        used[team_id] += time
    weights = Team.objects.filter(pk__in=team_ids).values_list("pk", "weight")
    return {pk: used[pk] // STEP * STEP / WINDOW / weight for pk, weight in weights}


def _times() -> Iterator[QuerySet]:
    """Yield (team, time in the window) of running work and of work that ended in the window."""
    start = Now() - WINDOW
    for model in leased_models():
        team = F(f"{model.team_path}_id")
        works: QuerySet[Any] = model._default_manager.all()
        claimed = works.filter(slot__isnull=False, started_at__isnull=False)
        running = claimed.filter(state="running")
        ended = claimed.filter(ended_at__gt=start).exclude(state="running")
        for rows, extra in ((running, ADVANCE), (ended, timedelta())):
            time = ExpressionWrapper(
                Coalesce(Case(When(state="running", then=Now()), default=F("ended_at")), Now())
                - Greatest(F("started_at"), start)
                + Value(extra, DurationField()),
                output_field=DurationField(),
            )
            yield rows.order_by().values_list(team).annotate(time=Sum(time))


def leased_models() -> list[type[Leased]]:
    """Return every table of work that workers claim: candidates and the kinds of jobs."""
    return [model for model in apps.get_models() if issubclass(model, Leased)]

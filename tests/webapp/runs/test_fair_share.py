"""The order of claims: priority, the team's share of the workers, the owner with the least."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from tests.fixtures.evaluations import make_evaluation
from tests.fixtures.factories import make_run, make_slot, make_team, take
from webapp.accounts.models import Team
from webapp.evaluations.models import Training
from webapp.evaluations.services import training_jobs
from webapp.jobs import services as jobs
from webapp.jobs.models import JobState
from webapp.runs.leased import Priority
from webapp.runs.models import Candidate, Run
from webapp.runs.services import claims
from webapp.runs.services.leases import claimed_by
from webapp.runs.services.shares import loads_of

pytestmark = pytest.mark.django_db


def weighted(weight: int) -> Team:
    team = make_team()
    Team.objects.filter(pk=team.pk).update(weight=weight)
    return team


def endless(team: Team, runs: int = 1, waiting: int = 60) -> list[Run]:
    """Runs of the team in which so many candidates wait."""
    made = []
    for _ in range(runs):
        run = make_run(team, candidates=1)
        (first,) = run.candidates.all()
        rows = [copy(first, number) for number in range(1, waiting)]
        Candidate.objects.bulk_create(rows)
        made.append(run)
    return made


def copy(candidate: Candidate, number: int) -> Candidate:
    return Candidate(
        run_id=candidate.run_id,
        number=number,
        proposal=candidate.proposal,
        architecture_id=candidate.architecture_id,
    )


def let_pass(seconds: float) -> None:
    """Move every start and end into the past, as if so much time had passed."""
    back = timedelta(seconds=seconds)
    for model in (Candidate, Training):
        model.objects.filter(started_at__isnull=False).update(
            started_at=F("started_at") - back, ended_at=F("ended_at") - back
        )


def served(workers: int, claims_number: int, seconds: Callable[[], float]) -> Counter[int]:
    """Let workers take one turn after the other; count the turns of each team."""
    slot, counts, busy = make_slot(), Counter(), []
    team_of = dict(Run.objects.values_list("pk", "team"))
    while sum(counts.values()) < claims_number:
        while len(busy) < workers:
            turn = claims.turns(["cpu"])[0]
            Candidate.objects.filter(pk=turn.pk).update(state="running", **claimed_by(slot))
            counts[team_of[turn.owner]] += 1
            busy.append((seconds(), turn.pk))
        busy.sort()
        passed, ended = busy.pop(0)
        let_pass(passed)
        busy = [(left - passed, pk) for left, pk in busy]
        Candidate.objects.filter(pk=ended).update(state="done", ended_at=Now())
    return counts


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_claims_follow_the_weights_of_the_teams(workers):
    heavy, light = weighted(2), weighted(1)
    endless(light, runs=3)  # more runs do not give more
    endless(heavy)
    lengths = random.Random(workers)
    counts = served(workers, 45, lambda: lengths.uniform(20, 40))
    assert abs(counts[heavy.pk] - 30) <= 3, counts
    assert counts[light.pk] >= 12, counts


def test_a_team_that_comes_late_is_served_at_once():
    endless(weighted(100), waiting=12)
    served(1, 10, lambda: 60.0)
    (run,) = endless(weighted(1), waiting=2)
    assert claims.turns(["cpu"])[0].owner == run.pk


def test_long_work_of_one_team_counts_by_its_time():
    long, short = make_team(), make_team()
    make_evaluation(long)
    slot = make_slot()
    jobs.claim(Training, Training.objects.values_list("pk", flat=True)[0], slot)
    let_pass(1800)
    loads = loads_of({long.pk, short.pk})
    assert loads[long.pk] == pytest.approx(0.5 + 1 / 60, abs=1e-3)
    assert loads[short.pk] == 0
    Training.objects.filter(state=JobState.RUNNING).update(
        state=JobState.DONE, ended_at=F("started_at") + timedelta(seconds=900)
    )
    assert loads_of({long.pk})[long.pk] == pytest.approx(0.25, abs=1e-3)
    let_pass(3600)
    assert loads_of({long.pk})[long.pk] == 0


def test_a_higher_priority_comes_first_and_a_lower_one_last():
    low, normal, high = (make_run(make_team(), candidates=1) for _ in range(3))
    Run.objects.filter(pk=low.pk).update(priority=Priority.LOW)
    Run.objects.filter(pk=high.pk).update(priority=Priority.HIGH)
    slot = make_slot()
    assert [take(slot).run_id for _ in range(3)] == [high.pk, normal.pk, low.pk]


def test_teams_alternate_at_one_moment_and_their_runs_in_turn():
    one, two = make_team(), make_team()
    runs = [*endless(one, runs=2, waiting=4), *endless(two, waiting=4)]
    slot = make_slot()
    order = [take(slot).run_id for _ in range(4)]
    assert order == [runs[0].pk, runs[2].pk, runs[1].pk, runs[2].pk]


def test_a_weight_is_at_least_one():
    team = make_team()
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.filter(pk=team.pk).update(weight=0)


def test_the_number_of_queries_does_not_depend_on_what_waits():
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert claims.turns(["cpu"]) is not None
        return len(seen)

    make_evaluation(make_team())
    assert queries() == 1
    team = make_team()
    endless(team, waiting=3)
    few = queries()
    assert few == 4
    endless(team, runs=2, waiting=30)
    assert queries() == few
    assert len(claims.turns(["cpu"])) <= 60
    with CaptureQueriesContext(connection) as seen:
        assert training_jobs.turns(["cpu"])
    assert len(seen) == few

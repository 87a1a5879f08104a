"""Queries: the best candidate, the front, counts, lists of runs, queues."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nasengine.core.outcome import Outcome
from webapp.runs import queries
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import raise_budget
from webapp.runs.services.drains import drain, resume
from webapp.runs.unserved import unserved_of_run

from ...fixtures.factories import done, make_run, make_slot, make_team, take, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def finish_all(run, outcomes) -> None:
    slot = make_slot()
    for outcome in outcomes:
        claims.finish(take(slot), outcome)
        advance_run(run.pk)
    run.refresh_from_db()


def front_numbers(run) -> list[int]:
    return run.front.get("numbers", [])


def test_without_a_candidate_there_is_no_best():
    run = make_run()
    assert queries.best_of(run) is None
    assert front_numbers(run) == []


def test_diverged_failed_and_pruned_candidates_are_never_best():
    run = make_run(candidates=3)  # the pruned one does not count
    finish_all(
        run,
        [
            Outcome(0, "diverged", reason="loss is nan in epoch 1"),
            Outcome(1, "pruned", done(1, 0.1).measurements, reason="params<10 is broken"),
            done(2, 20.0),
            done(3, 10.0),
        ],
    )
    assert queries.best_of(run).number == 3
    assert set(front_numbers(run)) <= {2, 3}
    counts = queries.counts_of(run)
    assert (counts["diverged"], counts["pruned"], counts["done"], counts["queued"]) == (1, 1, 2, 0)


def test_a_feasible_candidate_beats_a_better_one_that_is_not():
    run = make_run(candidates=3, constraints=("params<1000",))
    finish_all(run, [done(0, 5.0, 4000.0), done(1, 9.0, 2000.0), done(2, 30.0, 900.0)])
    assert queries.best_of(run).number == 2


def test_among_equal_candidates_the_one_on_the_front_is_best():
    run = make_run(candidates=4)
    outcomes = [
        done(0, 9.0, 4000.0),
        done(1, 9.0, 2000.0),
        done(2, 9.0, 2000.0),
        done(3, 30.0, 1.0),
    ]
    finish_all(run, outcomes)
    best = queries.best_of(run)
    assert best.number == 1
    assert best.number in front_numbers(run)


def test_without_a_feasible_candidate_the_least_violating_one_is_best():
    run = make_run(candidates=2, constraints=("params<1000",))
    finish_all(run, [done(0, 5.0, 4000.0), done(1, 9.0, 2000.0)])
    best = queries.best_of(run)
    assert (best.number, best.violation) == (1, 1.0)


def test_among_equal_candidates_the_lower_number_is_best_whichever_ends_first():
    run = make_run(candidates=4, in_flight=2)
    slot = make_slot()
    first, second = take(slot), take(slot)
    claims.finish(second, done(1, 9.0, 2000.0))
    run.refresh_from_db()
    assert run.best == 1
    claims.finish(first, done(0, 9.0, 2000.0))
    run.refresh_from_db()
    assert run.best == 0


def test_the_best_candidate_has_the_highest_value_if_higher_is_better():
    run = make_run(candidates=2)
    run.objectives[0]["better"] = "higher"
    run.save(update_fields=["objectives"])
    finish_all(run, [done(0, 5.0, 1.0), done(1, 9.0, 9.0)])
    assert queries.best_of(run).number == 1


def test_the_front_has_the_candidates_that_are_not_dominated():
    run = make_run(candidates=4)
    finish_all(
        run, [done(0, 30.0, 10.0), done(1, 20.0, 20.0), done(2, 25.0, 30.0), done(3, 9.0, 50.0)]
    )
    assert front_numbers(run) == [0, 1, 3]
    curve = run.front["curve"]
    volumes = [point["hypervolume"] for point in curve]
    assert volumes == sorted(volumes)
    assert volumes[-1] > 0


def test_counts_of_many_runs_take_one_query():
    team = make_team()
    runs = [make_run(team, candidates=2, in_flight=i) for i in (1, 2, 1)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        counts = queries.counts_of_runs([run.pk for run in runs])
    assert len(asked) == 1
    assert [counts[run.pk]["queued"] for run in runs] == [1, 2, 1]


def test_counts_of_runs_that_have_ended_are_remembered_until_their_next_event():
    team = make_team()
    ended = make_run(team, candidates=1)
    work_off(ended)
    busy = make_run(team, candidates=2, in_flight=2)
    rows = list(queries.runs_of(team))
    counts = queries.counts_of_rows(rows)
    assert (counts[busy.pk]["queued"], counts[ended.pk]["done"]) == (2, 1)
    with CaptureQueriesContext(connection) as asked:
        assert queries.counts_of_rows(rows) == counts
    assert len(asked) == 1 and str(ended.pk) not in asked[0]["sql"].partition(" IN ")[2]
    raise_budget(ended, None, 3)
    advance_run(ended.pk)
    again = queries.counts_of_rows(list(queries.runs_of(team)))
    assert (again[ended.pk]["done"], again[ended.pk]["queued"]) == (1, 1)


def test_a_team_sees_only_its_own_runs():
    mine, theirs = make_team(), make_team()
    run = make_run(mine)
    make_run(theirs)
    assert list(queries.runs_of(mine)) == [run]
    assert list(queries.runs_of(mine, archived=True)) == []
    assert list(queries.active_runs(mine)) == [run]
    work_off(run)
    assert list(queries.active_runs(mine)) == []


def test_a_queue_without_a_worker_is_named_with_the_command_that_helps():
    run = make_run()
    (queue,) = unserved_of_run(run)
    assert (queue.name, queue.reason) == ("cpu", "which no worker serves")
    assert queue.command == "celery -A workers worker -Q cpu --concurrency 1"
    slot = make_slot("gpu-1", queues=("cpu", "gpu"))
    assert unserved_of_run(run) == [] and queries.served_queues() == {"cpu", "gpu"}
    drain("gpu-1", None)
    (queue,) = unserved_of_run(run)
    assert (queue.reason, queue.drained) == ("whose workers are drained", ("gpu-1",))
    assert "Resume gpu-1 on the fleet page" in queue.remedy
    resume("gpu-1", None)
    assert take(slot) and unserved_of_run(run) == []

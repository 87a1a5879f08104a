"""Histories of ended runs, which a coordinator stores: equal to fresh ones, and up to date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.fixtures.factories import end_run, make_run
from webapp.compare import histories
from webapp.compare.histories import History, histories_of, shared_goals, store_histories
from webapp.compare.models import StoredHistory
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db
VALUES = [
    ("done", 20.0, 400.0),
    ("failed", None, 300.0),
    ("done", 30.0, 500.0),
    ("done", 40.0, 9.0),
]


def same(one: History, two: History) -> bool:
    for name in ("keys", "told", "numbers", "totals"):
        assert getattr(one, name) == getattr(two, name), name
    for name in ("violations", "points", "worst"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.spent.keys() == two.spent.keys()
    return all(np.array_equal(one.spent[unit], two.spent[unit]) for unit in one.spent)


@pytest.fixture
def ended(team) -> list[Any]:
    end_run(make_run(team, candidates=4), VALUES)
    end_run(make_run(team, candidates=1, seed=8), [("failed", None, 1.0)])
    return list(Run.objects.order_by("pk"))


def test_stored_histories_are_those_that_are_read_from_the_candidates(ended, queries_of, viewer,
                                                                      sign_in):  # fmt: skip
    goals = shared_goals(ended)
    fresh = histories._read(ended, goals)
    assert store_histories(10.0) == 2
    assert store_histories(10.0) == 0
    for run, history in zip(ended, histories_of(ended, goals), strict=True):
        assert history.worst is None or same(history, fresh[run.pk])
        assert history.points.shape[1] == 2
    address = f"/compare?runs={ended[0].pk},{ended[1].pk}"
    client = sign_in(viewer)
    with_stored = queries_of(lambda: client.get(address))
    StoredHistory.objects.all().delete()
    Run.objects.update(seq=99)  # so that nothing is remembered either
    assert queries_of(lambda: client.get(address)) == with_stored + 2


def test_a_run_that_went_on_is_read_again_and_stored_again(ended):
    store_histories(10.0)
    stored = StoredHistory.objects.get(run=ended[0])
    StoredHistory.objects.update(data={**stored.data, "keys": [1]})
    assert histories_of(ended[:1], shared_goals(ended[:1]))[0].keys == [1]
    Run.objects.filter(pk=ended[0].pk).update(told=3)
    run = Run.objects.get(pk=ended[0].pk)
    assert histories_of([run], shared_goals([run]))[0].keys != [1]
    assert store_histories(10.0) == 1
    assert histories_of([run], shared_goals([run]))[0].keys != [1]


def test_fewer_objectives_than_those_of_the_run_are_read_from_the_candidates(ended):
    store_histories(10.0)
    (goal, _) = shared_goals(ended)
    assert [h.points.shape[1] for h in histories_of(ended[:1], [goal])] == [1]


def test_running_runs_are_not_stored(team):
    make_run(team)
    assert store_histories(10.0) == 0

"""The front in the first paint of a run page, until the script has drawn the plot."""

from __future__ import annotations

import pytest

from tests.fixtures.factories import end_run, make_run
from webapp.runs.front_sketch import front_sketch
from webapp.runs.objectives import goals_of_run

from ...fixtures.html_reader import read

pytestmark = pytest.mark.django_db


def sketch_of(run, **query):
    run.refresh_from_db()
    return front_sketch(run, goals_of_run(run), query)


def test_the_first_paint_has_the_front_on_the_axes_of_all_candidates(viewer, finished, sign_in):
    page = read(sign_in(viewer).get(f"/runs/{finished.pk}/"))
    page.one("front-sketch")
    drawn = sketch_of(finished)
    # Errors 10 to 30 and params 1,000 to 4,000, each with 7 % of room on both sides.
    low, high = round(7 / 1.14, 3), round(107 / 1.14, 3)
    assert drawn.marks == [(low, pytest.approx(100 - 57 / 1.14, abs=1e-3)), (high, 100 - low)]
    assert drawn.lines[0] == (low, 0.0, low, drawn.marks[0][1])
    assert drawn.lines[-1] == (high, 100 - low, 100.0, 100 - low)
    assert [t.text for t in drawn.x] == ["1000", "1500", "2000", "2500", "3000", "3500", "4000"]
    assert [t.text for t in drawn.y] == ["10", "15", "20", "25", "30"]


def test_the_address_chooses_the_axes(finished):
    drawn = sketch_of(finished, x="error", y="params")
    swapped = [(100 - y, 100 - x) for x, y in sketch_of(finished).marks]
    assert drawn.marks == [pytest.approx(mark) for mark in swapped]
    assert sketch_of(finished, x="unknown") == sketch_of(finished)
    assert sketch_of(finished, lx="1") is None


def test_without_a_front_there_is_none(viewer, team, sign_in):
    run = make_run(team)
    assert sketch_of(run) is None
    assert "front-sketch" not in sign_in(viewer).get(f"/runs/{run.pk}/").content.decode()


def test_candidates_that_violate_a_constraint_widen_the_axes_but_are_not_on_the_front(team):
    endings = [("done", 20.0, 1000.0), ("done", 10.0, 9000.0), ("done", 30.0, 500.0)]
    run = end_run(make_run(team, candidates=3, constraints=["params<5000"]), endings)
    run.front = {**run.front, "numbers": [0, 1, 2]}
    run.save()
    drawn = sketch_of(run)
    assert len(drawn.marks) == 2
    assert max(x for x, _ in drawn.marks) < 20


@pytest.mark.parametrize("value", [1e-9, 1e200])
def test_values_that_need_wide_labels_are_left_to_the_script(team, value):
    run = end_run(make_run(team, candidates=1), [("done", value, 1.0)])
    assert sketch_of(run) is None

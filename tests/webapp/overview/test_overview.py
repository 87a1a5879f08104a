"""The first page: running and finished runs, what needs attention; and the health page."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from tests.fixtures.evaluations import make_evaluation
from tests.fixtures.factories import make_run, make_slot, take, work_off
from tests.fixtures.html_reader import read
from webapp.runs.models import Run, RunState
from webapp.runs.services import slots
from webapp.site import health, summary

pytestmark = pytest.mark.django_db


def page_of(client):
    return read(client.get("/"))


def test_an_empty_team_reads_what_will_appear(viewer, researcher, sign_in):
    page = page_of(sign_in(researcher))
    assert "No active runs" in page.one("nothing-runs").text
    assert "Launch a run" in page.one("nothing-runs").text
    assert "appear here" in page.one("ended").text
    assert "press Keep" in page.one("newest-entries").text
    assert "Launch a run" not in page_of(sign_in(viewer)).one("nothing-runs").text


def test_running_and_ended_runs_with_their_numbers(team, viewer, sign_in):
    ended = make_run(team, candidates=2)
    work_off(ended)
    busy = make_run(team, seed=3)
    page = page_of(sign_in(viewer))
    row = page.one(f"busy-{busy.pk}").text
    assert "Running" in row and "0 of 4" in row and "random" in row
    line = page.one("ended").text
    assert "Finished" in line and "49.00" in line


def test_other_teams_runs_are_not_shown(team, stranger, sign_in):
    make_run(team)
    assert "No active runs" in page_of(sign_in(stranger)).one("nothing-runs").text


def test_workers_with_what_they_do(team, viewer, sign_in):
    make_run(team)
    slot = make_slot("gpu-7")
    slots.register("boss", "coordinator", [], {})
    assert "gpu-7" in page_of(sign_in(viewer)).one("workers").text
    assert "Idle" in page_of(sign_in(viewer)).one("workers").text
    take(slot)
    workers = page_of(sign_in(viewer)).one("workers").text
    assert "Busy" in workers and "boss" in workers
    slots.retire(slot)
    assert "No worker is running" in page_of(sign_in(viewer)).one("workers").text


def test_what_keeps_runs_from_moving_is_told(team, viewer, sign_in, monkeypatch):
    make_run(team)
    monkeypatch.setattr(summary, "broker_answers", lambda: False)
    shown = page_of(sign_in(viewer)).one("attention").text
    assert "broker does not answer" in shown
    assert "No coordinator is running" in shown
    assert "queue cpu, which no worker serves" in shown
    boss = slots.register("boss", "coordinator", [], {})
    assert "coordinator" not in page_of(sign_in(viewer)).one("attention").text
    slots.add_facts(boss, {slots.STALLED_SINCE: "2026-01-01T00:00:00+00:00"})
    page = page_of(sign_in(viewer))
    assert "No coordinator has completed a sweep" in page.one("attention").text
    assert "Stalled" in page.one("workers").text and "restart it" in page.one("workers").text


def test_jobs_that_no_worker_serves_are_named_without_a_run(team, other_team, viewer, sign_in):
    make_evaluation(other_team, queue="elsewhere")
    evaluation = make_evaluation(team, queue="cuda")
    shown = page_of(sign_in(viewer)).one("attention").text
    assert "Trainings wait in queue cuda, which no worker serves" in shown
    assert "elsewhere" not in shown
    slots.register("gpu-7", "evaluation", ["cuda"], {})
    assert b"which no worker serves" not in sign_in(viewer).get("/").content
    assert evaluation.trainings.count() == 3


def test_with_nothing_to_move_there_is_nothing_to_tell(team, viewer, sign_in, monkeypatch):
    monkeypatch.setattr(summary, "broker_answers", lambda: False)
    assert b'data-testid="attention"' not in sign_in(viewer).get("/").content


def test_failed_runs_are_told_with_their_reason(team, viewer, sign_in):
    run = make_run(team)
    Run.objects.update(
        state=RunState.FAILED, reason="the data set is gone", ended_at="2026-01-01 00:00Z"
    )
    assert (
        b"the data set is gone"
        not in sign_in(viewer).get("/").content.split(b"Recently finished")[0]
    )
    run.refresh_from_db()
    Run.objects.update(ended_at=run.created_at)
    assert "the data set is gone" in page_of(sign_in(viewer)).one("attention").text


def test_htmx_gets_the_moving_part_alone(team, viewer, sign_in):
    answer = sign_in(viewer).get("/", headers={"HX-Request": "true"})
    assert b"Running now" in answer.content and b"<html" not in answer.content


def test_queries_do_not_grow(team, viewer, sign_in, queries_of):
    client = sign_in(viewer)
    work_off(make_run(team, candidates=1))
    make_run(team)
    one = queries_of(lambda: client.get("/"))
    for seed in (5, 6):
        work_off(make_run(team, candidates=1, seed=seed))
        make_run(team, seed=seed)
    assert queries_of(lambda: client.get("/")) == one


def test_healthz_is_open_and_tells_what_answers(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "database": True, "broker": True},
    )


def test_healthz_without_a_broker_still_serves(client, settings):
    settings.BROKER_URL = "redis://:secret@127.0.0.1:1/0"
    answer = client.get("/healthz")
    assert answer.status_code == 200 and answer.json()["broker"] is False
    assert b"secret" not in answer.content


def test_healthz_without_a_database_is_503(client, monkeypatch):
    class Gone:
        def cursor(self):
            raise DatabaseError("gone")

    monkeypatch.setattr(health, "connection", Gone())
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "no database")

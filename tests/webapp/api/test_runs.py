from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.fixtures.api import Caller
from tests.fixtures.factories import make_run, work_off
from webapp.accounts.models import Membership, Role, Team
from webapp.api.models import LaunchKey
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db
SPEC = {"space": "nb201", "strategy": "random", "candidates": 3, "objectives": ["error", "params"]}


def launched(caller: Caller, name: str = "a run", key: str = "", **more):
    return caller.post("/runs", {"name": name, "spec": SPEC, **more}, Idempotency_Key=key)


def test_a_program_launches_reads_and_controls_a_run(researcher, team):
    caller = Caller(researcher)
    answer = launched(caller, tags=["nightly"])
    assert answer.status_code == 201
    row = answer.json()
    assert (row["name"], row["state"], row["team"]) == ("a run", "queued", team.name)
    assert row["spec"]["candidates"] == 3
    assert row["author"] == researcher.username
    assert caller.get(f"/runs/{row['id']}").json() == row
    assert caller.post(f"/runs/{row['id']}/pause").json()["state"] == "paused"
    refused = caller.post(f"/runs/{row['id']}/pause")
    assert refused.status_code == 409
    assert "paused" in refused.json()["detail"]
    assert caller.post(f"/runs/{row['id']}/cancel").status_code == 200
    assert caller.post(f"/runs/{row['id']}/remove").status_code == 422


def test_a_budget_is_raised_once_however_often_it_is_sent(researcher, team):
    caller, run = Caller(researcher), make_run(team, candidates=2, max_hours=1.0)
    work_off(run)
    raised = caller.post(f"/runs/{run.pk}/budget", {"candidates": 4, "max_hours": 2})
    assert (raised.json()["state"], raised.json()["budget"]) == ("running", 4)
    again = caller.post(f"/runs/{run.pk}/budget", {"candidates": 4, "max_hours": 2})
    assert (again.status_code, again.json()["seq"]) == (200, raised.json()["seq"])
    assert again.json()["spec"]["max_hours"] == 2
    for body, status, text in (
        ({"candidates": 3}, 409, "must be above 4"),
        ({"max_hours": 1.5}, 409, "max_hours must be at least 2"),
        ({"max_kwh": 5}, 409, "no limit max_kwh"),
        ({"candidates": 0}, 422, "greater than or equal to 1"),
        ({"max_hours": -1}, 422, "greater than or equal to 0"),
        ({"max_hours": "NaN"}, 422, "finite"),
        ({"seeds": 3}, 422, "not permitted"),
        ({}, 422, "name candidates or one of max_hours"),
    ):
        answer = caller.post(f"/runs/{run.pk}/budget", body)
        assert answer.status_code == status, body
        assert text in answer.content.decode(), body
    caller.post(f"/runs/{run.pk}/cancel")
    assert caller.post(f"/runs/{run.pk}/budget", {"candidates": 4}).status_code == 409


def test_the_same_key_launches_once(researcher, team):
    caller = Caller(researcher)
    first, again = launched(caller, key="k1"), launched(caller, key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Run.objects.count() == LaunchKey.objects.count() == 1
    other = launched(caller, "another", key="k1")
    assert other.status_code == 409
    assert "use another key" in other.json()["detail"]
    assert launched(caller, key="k2").status_code == 201
    assert launched(caller, key="k" * 101).status_code == 422


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "a run", "spec": {**SPEC, "space": "no-space"}}, "/space"),
        ({"name": "", "spec": SPEC}, "/name"),
        ({"name": "a run", "spec": {**SPEC, "candidates": 0}}, "/candidates"),
        ({"name": "a run", "spec": {**SPEC, "sead": 3}}, "/body/spec/sead"),
        ({"name": "a run", "spec": {**SPEC, "seed": "x"}}, "/body/spec/seed"),
        ({"name": "a run", "spec": {**SPEC, "fewer_epochs": "sometimes"}}, "/fewer_epochs"),
        ({"name": "a run", "spec": {**SPEC, "devices": {}}}, "/body/spec/devices"),
        ({"name": "a run", "priority": 7}, "/body/priority"),
        ({}, "/name"),
    ],
)
def test_wrong_settings_are_named(researcher, team, body, pointer):
    answer = Caller(researcher).post("/runs", body)
    assert answer.status_code == 422
    found = {error["pointer"].replace("/body/body/", "/body/") for error in answer.json()["errors"]}
    assert pointer in found
    assert not Run.objects.exists()


def test_values_that_no_setting_takes_are_refused_and_never_an_error_of_the_server(
    researcher, team
):
    caller = Caller(researcher)
    for spec in ({"seed": float("nan")}, {"seed": 2**80}, {"objectives": []}, {"dataset": "\0"}):
        assert caller.post("/runs", {"name": "a", "spec": {**SPEC, **spec}}).status_code == 422
    for body in ("[1]", "{", "null", '"x"'):
        answer = caller.client.post("/api/runs", body, "application/json")
        assert answer.status_code in (400, 422)
        assert answer["Content-Type"] == "application/problem+json"


def test_a_team_is_named_by_members_of_several(researcher, team):
    other = Team.objects.create(name="other", slug="other")
    Membership.objects.create(user=researcher, team=other, role=Role.VIEWER)
    caller = Caller(researcher)
    assert launched(caller).status_code == 422
    assert launched(caller, team=team.name).status_code == 201
    assert launched(caller, team="other").status_code == 403
    assert launched(caller, team="no such").status_code == 404


def test_runs_are_listed_by_cursor_and_filtered_as_on_the_page(researcher, team):
    runs = [make_run(team, candidates=1, seed=seed) for seed in range(5)]
    caller = Caller(researcher)
    seen, cursor = [], ""
    while cursor is not None:
        page = caller.get("/runs", limit=2, cursor=cursor).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
    assert seen == [run.pk for run in reversed(runs)]
    found = caller.get("/runs", text="seed 3").json()["items"]
    assert [row["seed"] for row in found] == ["3"]
    assert caller.get("/runs", state="no-state").status_code == 422
    assert caller.get("/runs", cursor="x").status_code == 422
    assert caller.get("/runs", limit=0).status_code == 422


def test_candidates_front_and_events(researcher, team):
    run = make_run(team, candidates=3, seed=1)
    work_off(run)
    caller = Caller(researcher)
    page = caller.get(f"/runs/{run.pk}/candidates", limit=2).json()
    assert [row["number"] for row in page["items"]] == [0, 1]
    rest = caller.get(f"/runs/{run.pk}/candidates", cursor=page["next"]).json()
    assert [row["number"] for row in rest["items"]] == [2]
    assert rest["next"] is None
    value = page["items"][0]["values"]["error"]
    assert set(value) >= {"value", "unit", "device", "method", "repetitions", "spread"}
    one = caller.get(f"/runs/{run.pk}/candidates/0").json()
    assert one["architecture"]
    assert caller.get(f"/runs/{run.pk}/candidates/9").status_code == 404
    run.refresh_from_db()
    front = caller.get(f"/runs/{run.pk}/front").json()
    assert [row["number"] for row in front["candidates"]] == sorted(run.front["numbers"])
    events = caller.get(f"/runs/{run.pk}/events", limit=2).json()
    assert [event["seq"] for event in events["items"]] == [1, 2]
    assert events["last"] == 2


def test_queries_do_not_grow_with_the_rows(researcher, team):
    caller = Caller(researcher)
    numbers = []
    for _ in range(2):
        for seed in range(3):
            make_run(team, candidates=1, seed=seed)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            caller.get("/runs")
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= 8


@pytest.mark.parametrize("path", ["", "/candidates", "/candidates/0", "/front", "/events"])
def test_strangers_get_the_same_404_as_for_nothing(stranger, team, path):
    run = make_run(team, candidates=1)
    work_off(run)
    caller = Caller(stranger)
    answers = [caller.get(f"/runs/{pk}{path}") for pk in (run.pk, run.pk + 99)]
    assert [answer.status_code for answer in answers] == [404, 404]
    texts = [
        answer.content.replace(f"run {pk}".encode(), b"run N")
        for answer, pk in zip(answers, (run.pk, run.pk + 99), strict=True)
    ]
    assert texts[0] == texts[1]
    assert caller.get("/runs").json()["items"] == []
    assert caller.post(f"/runs/{run.pk}/cancel").status_code == 404


def test_viewers_read_and_launch_nothing(viewer, team):
    run = make_run(team, candidates=1)
    caller = Caller(viewer)
    assert caller.get(f"/runs/{run.pk}").status_code == 200
    assert caller.post(f"/runs/{run.pk}/cancel").status_code == 403
    assert launched(caller).status_code == 403


def test_the_description_is_openapi(researcher):
    answer = Caller(researcher).get("/openapi.json")
    assert answer.json()["openapi"].startswith("3.1")
    assert set(answer.json()["paths"]) >= {"/api/runs", "/api/runs/{pk}/front"}


def test_runs_are_filtered_by_the_query_language(researcher, team):
    caller = Caller(researcher)
    one, two = make_run(team, seed=3, advance=False), make_run(team, seed=4, advance=False)
    Run.objects.filter(pk=two.pk).update(archived_at="2026-01-01T00:00:00Z")

    def found(q):
        return [row["id"] for row in caller.get("/runs", q=q).json()["items"]]

    assert found("seed:3,4") == [one.pk]
    assert found("seed:3,4 archived") == [two.pk]
    refused = caller.get("/runs", q="state:queued sead:3")
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"pointer": "/q", "detail": refused.json()["detail"], "start": 13, "end": 17}
    ]

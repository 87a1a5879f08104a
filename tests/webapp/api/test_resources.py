"""Studies, architectures, evaluations, exports, tables, devices and workers for programs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.fixtures.api import Caller, downloaded
from tests.fixtures.devices import make_device
from tests.fixtures.evaluations import finish_export, finish_trainings
from tests.fixtures.factories import make_run, make_slot, make_table, work_off
from tests.fixtures.study_plans import look_up_all
from webapp.api.models import LaunchKey, Scope
from webapp.evaluations.models import Evaluation
from webapp.exports.models import Export
from webapp.runs.models import Study

pytestmark = pytest.mark.django_db


SPEC = {"space": "nb201", "objectives": ["error", "params"], "candidates": 3}
STUDY = {
    "name": "a study",
    "question": "Is evolution better?",
    "spec": {**SPEC, "estimator": "table", "dataset": "made"},
    "methods": [
        {"strategy": "random"},
        {"strategy": "regularised-evolution", "config": {"population": 2, "sample": 2}},
    ],
    "seeds": [0, 1],
}


@pytest.fixture
def caller(researcher, team):
    return Caller(researcher)


def names_of(answer) -> set[str]:
    return {error["pointer"] for error in answer.json()["errors"]}


def test_a_study_is_launched_once_by_its_key_ranked_and_controlled(caller, team):
    make_table(team)
    spec = {
        **STUDY["spec"],
        "estimator_config": {"path": "table:made"},
        "objectives": ["error", "latency@board"],
    }
    body = {**STUDY, "spec": spec}
    first = caller.post("/studies", body, Idempotency_Key="s1")
    again = caller.post("/studies", body, Idempotency_Key="s1")
    assert (first.status_code, again.status_code) == (201, 200), first.content
    study = first.json()
    assert study["id"] == again.json()["id"]
    assert len(study["runs"]) == study["run_count"] == 4
    assert study["plan"]["seeds"] == [0, 1]
    assert caller.post("/studies", STUDY, Idempotency_Key="s1").status_code == 409
    same = caller.post("/runs", {"name": "a", "spec": SPEC}, Idempotency_Key="s1")
    assert "launched study" in same.json()["detail"]
    look_up_all(Study.objects.get(pk=study["id"]))
    rank = caller.get(f"/studies/{study['id']}/ranking", by="candidates").json()
    assert {row["strategy"] for row in rank["methods"]} == {"random", "regularised-evolution"}
    assert caller.get(f"/studies/{study['id']}/ranking", by="rows").status_code == 422
    stopped = caller.post(f"/studies/{study['id']}/stop").json()
    assert stopped["changed"] == 0
    assert [row["id"] for row in caller.get("/studies").json()["items"]] == [study["id"]]


def test_wrong_plans_name_the_method_and_setting(caller, team):
    body = {**STUDY, "methods": [{"strategy": "nsga2", "config": {"population": -3}}]}
    answer = caller.post("/studies", {**body, "name": "", "spec": SPEC})
    assert answer.status_code == 422
    assert {"/name", "/methods/nsga2/population"} <= names_of(answer)
    assert caller.post("/studies", {**body, "seeds": []}).status_code == 422
    assert not Study.objects.exists()


def test_architectures_are_kept_listed_and_moved(caller, curator, team):
    run = make_run(team, candidates=2)
    work_off(run)
    body = {"run": run.pk, "candidate": 0, "name": "Small net", "proposal": "It is small."}
    kept, again = caller.post("/architectures", body), caller.post("/architectures", body)
    assert (kept.status_code, again.status_code) == (201, 200)
    entry = kept.json()
    assert (entry["name"], entry["stage"], entry["version"]) == ("Small net", "proposed", 1)
    assert entry["architecture"]["space"] == "nb201"
    assert [row["id"] for row in caller.get("/architectures", text="small").json()["items"]]
    assert caller.get("/architectures", stage="approved").json()["items"] == []
    refused = caller.post(
        f"/architectures/{entry['id']}/stage", {"stage": "approved", "reason": "x"}
    )
    assert refused.status_code == 409
    moved = Caller(curator).post(
        f"/architectures/{entry['id']}/stage", {"stage": "approved", "reason": "It is good."}
    )
    assert moved.json()["stage"] == "approved"
    assert moved.json()["history"][0]["why"] == "It is good."
    assert caller.post("/architectures", {"run": run.pk, "candidate": 99}).status_code == 404


def test_an_evaluation_and_its_export(caller, team, settings):
    run = make_run(team, candidates=1)
    work_off(run)
    body = {"run": run.pk, "candidate": 0, "seeds": [0]}
    first = caller.post("/evaluations", body, Idempotency_Key="e1")
    again = caller.post("/evaluations", body, Idempotency_Key="e1")
    assert (first.status_code, again.status_code) == (201, 200), first.content
    key = first.json()["id"]
    assert Evaluation.objects.count() == 1
    wrong = caller.post("/evaluations", {**body, "changes": {"epochs": -1}, "seeds": []})
    assert {"/settings/epochs", "/seeds"} <= names_of(wrong)
    assert caller.post("/evaluations", {}).status_code == 422
    assert caller.post("/evaluations", {"network": "no such"}).status_code == 422
    export = {"evaluation": key, "target": "onnx"}
    assert "no trained seed" in caller.post("/exports", export).json()["detail"]
    assert caller.get(f"/evaluations/{key}/seeds/0/network.zip").status_code == 409
    finish_trainings(Evaluation.objects.get(pk=key), [5.0])
    done = caller.get(f"/evaluations/{key}").json()
    assert (done["state"], done["mean"], done["figures"][0]["objective"]) == (
        "done",
        5.0,
        "test_error",
    )
    archive = caller.get(f"/evaluations/{key}/seeds/0/network.zip")
    assert downloaded(archive)[:2] == b"PK"
    assert caller.get(f"/evaluations/{key}/seeds/7/network.zip").status_code == 404
    asked = caller.post("/exports", export, Idempotency_Key="x1")
    assert asked.status_code == 201, asked.content
    number = asked.json()["id"]
    assert caller.post("/exports", export, Idempotency_Key="x1").json()["id"] == number
    assert caller.get(f"/exports/{number}/archive.zip").status_code == 409
    finish_export(Export.objects.get(pk=number))
    row = caller.get(f"/exports/{number}").json()
    assert (row["state"], row["bytes"], len(row["report"]["models"])) == ("done", 2, 2)
    assert downloaded(caller.client.get(row["archive"])) == b"PK"
    assert caller.post(f"/exports/{number}/cancel").status_code == 409
    assert caller.post(f"/evaluations/{key}/retry").status_code == 409


def test_tables_devices_and_workers(caller, team):
    table, device, slot = make_table(team), make_device(team), make_slot()
    row = caller.get("/tables").json()["items"][0]
    assert (row["id"], row["rows"], row["version"]) == (table.pk, 2, 1)
    assert caller.get(f"/tables/{table.pk}").json()["findings"] == table.findings
    assert [one["name"] for one in caller.get("/devices").json()["items"]] == [device.name]
    assert caller.get(f"/devices/{device.pk}").json()["facts"] == device.facts
    workers = caller.get("/workers").json()["items"]
    assert [(worker["name"], worker["state"]) for worker in workers] == [(slot.name, "idle")]


LISTS = ("/studies", "/architectures", "/evaluations", "/exports", "/tables", "/devices")


def test_strangers_see_no_row_and_readers_change_nothing(researcher, stranger, team):
    run = make_run(team, candidates=1)
    work_off(run)
    reader, foreign = Caller(researcher, Scope.READ), Caller(stranger)
    make_table(team)
    make_device(team)
    for path in LISTS:
        assert foreign.get(path).json()["items"] == [], path
        assert foreign.get(path, team=team.name).status_code == 404, path
        assert foreign.get(f"{path}/1").status_code == 404, path
        assert reader.get(path, cursor="x").status_code == 422, path
    keep = {"run": run.pk, "candidate": 0}
    for path, body in (("/studies", STUDY), ("/evaluations", keep), ("/architectures", keep)):
        assert reader.post(path, body).status_code == 403, path
        assert foreign.post(path, body).status_code in (404, 422), path
    assert not LaunchKey.objects.exists()


def test_lists_need_no_more_queries_for_more_rows(caller, team):
    counts = []
    for number in range(2):
        for _ in range(2):
            make_table(team, f"table{number}")
            make_device(team, name=f"board-{number}-{_}")
        with CaptureQueriesContext(connection) as queries:
            for path in (*LISTS, "/workers"):
                caller.get(path)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_texts_that_the_database_cannot_store_are_refused(caller):
    for text in ("\0", "\ud800"):
        body = {"network": "DARTS_V2", "dataset_config": {text: [text]}}
        assert caller.post("/evaluations", body).status_code == 422
        assert caller.post("/studies", {**STUDY, "name": text}).status_code == 422


def test_every_error_is_a_problem_document(caller):
    answers = [
        caller.get("/no/such/address"),
        caller.client.delete("/api/runs"),
        caller.client.put("/api/no-such"),
        Client().get("/api/runs"),
        caller.get("/studies/99"),
        caller.post("/studies", {}),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 404, 401, 404, 422]
    assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert set(answers[1]["Allow"].split(", ")) == {"GET", "POST"}

"""Every page shows what a database of commit 813a27a holds, after an upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from .samples import read_json, same

pytestmark = pytest.mark.usefixtures("restored")
FACTS = read_json("database.json.gz")
MEMBERS = {"first-team": "admin", "vision": "owner-of-vision", "speech": "owner-of-speech"}


def model(label: str) -> Any:
    return apps.get_model(label)


def client_of(name: str) -> Client:
    """A client in which the person has signed in."""
    client = Client()
    person = model("accounts.User").objects.get(username=name)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def of_run(pk: str, run: dict[str, Any]) -> Iterator[str]:
    """The addresses of a run, with one candidate of each state."""
    yield from (f"/runs/{pk}/", f"/runs/{pk}/snapshot.json", f"/runs/{pk}/events/")
    yield from (f"/compare?runs={pk}", f"/runs/new?clone={pk}")
    for number in {
        candidate["state"]: candidate["number"] for candidate in run["candidates"]
    }.values():
        yield f"/runs/{pk}/candidates/{number}/"
        yield f"/runs/{pk}/candidates/{number}/graph.json"


@pytest.mark.parametrize("pk", FACTS["runs"], ids=lambda pk: FACTS["runs"][pk]["name"])
def test_every_page_of_a_run_answers(pk):
    run = FACTS["runs"][pk]
    client = client_of(MEMBERS[run["team"]])
    answers = {address: client.get(address) for address in of_run(pk, run)}
    codes = {address: answer.status_code for address, answer in answers.items()}
    assert codes == dict.fromkeys(codes, 200)
    assert run["name"] in answers[f"/runs/{pk}/"].content.decode()
    snapshot = answers[f"/runs/{pk}/snapshot.json"].json()
    assert snapshot["front"]["numbers"] == run["front"]
    assert snapshot["method"]["kind"] == run["view_kind"]
    assert len(snapshot["log"]) >= 1


@pytest.mark.parametrize("team", MEMBERS)
def test_the_lists_of_a_team_hold_what_it_had(team):
    client = client_of(MEMBERS[team])
    runs = model("runs.Run").objects.filter(team__slug=team).select_related("study")
    assert {run.name for run in runs} == {
        run["name"] for run in FACTS["runs"].values() if run["team"] == team
    }
    # The runs of a study are one line with the study's name.
    names = [run.study.name if run.study else run.name for run in runs.order_by("-pk")]
    listed = client.get("/runs/").content.decode()
    assert all(name in listed for name in names[:20])
    addresses = ["/", "/studies/", "/architectures/", "/datasets/tables/", "/account/", "/runs/new"]
    for label, start in (
        ("runs.Study", "/studies"),
        ("architectures.CatalogueEntry", "/architectures"),
        ("tables.BenchmarkTable", "/datasets/tables"),
    ):
        found = model(label).objects.filter(team__slug=team)
        addresses += [f"{start}/{one.pk}/" for one in found]
    addresses += [
        f"/studies/{one.pk}/{name}"
        for one in model("runs.Study").objects.filter(team__slug=team)
        for name in ("results.csv", "results.json")
    ]
    runs = ",".join(pk for pk, run in FACTS["runs"].items() if run["team"] == team)
    addresses += [f"/compare?runs={runs}", f"/studies/new?run={runs.partition(',')[0]}"]
    codes = {address: client.get(address).status_code for address in addresses}
    assert codes == dict.fromkeys(codes, 200)


def test_the_results_of_studies_are_the_same():
    client = client_of("owner-of-vision")
    for pk, expected in FACTS["studies"].items():
        found = client.get(f"/studies/{pk}/results.json").json()
        assert same(found.get("results", found), expected, more=True)
        assert client.get(f"/studies/new?again={pk}").status_code == 200


def test_the_admin_opens_every_table_and_its_first_row():
    client = client_of("admin")
    assert client.get(reverse("admin:index")).status_code == 200
    opened = set()
    for shown in admin.site._registry:
        name = f"admin:{shown._meta.app_label}_{shown._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist")).status_code == 200, name
        row = shown._default_manager.order_by("pk").first()
        if row is not None:
            opened.add(shown._meta.label)
            for page in ("change", "history"):
                answer = client.get(reverse(f"{name}_{page}", args=[row.pk]))
                assert answer.status_code == 200, (name, page)
    assert {"runs.Run", "runs.Candidate", "runs.Measurement", "events.Event", "runs.Study",
            "tables.BenchmarkTable", "architectures.CatalogueEntry"} <= opened  # fmt: skip

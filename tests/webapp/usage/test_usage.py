"""Cost of searches: every claim is counted once, whatever ends it; quotas refuse launches."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from nasengine.core.errors import InvalidSettings
from tests.fixtures.evaluations import finish_export, make_export
from tests.fixtures.factories import done, expire, make_run, make_slot, take, work_off
from tests.fixtures.html_reader import read
from webapp.accounts.models import AuditEntry
from webapp.api.services import tokens
from webapp.runs.models import Candidate, Run, WorkerSlot
from webapp.runs.services import claims
from webapp.runs.services.reaper import reap
from webapp.usage.models import Quota, Usage
from webapp.usage.services.costs import cost_of, cost_of_run, grams_per_kwh, monthly, watts

pytestmark = pytest.mark.django_db


def started_ago(seconds: float) -> None:
    Candidate.objects.filter(state="running").update(started_at=Now() - timedelta(seconds=seconds))


def usage(team, user=None, hours: float = 1.0, gpu: bool = True, **more) -> Usage:
    number = Usage.objects.count()
    values = {"kind": "candidate", "object_id": number, "fence": 1, "is_gpu": gpu}
    values |= {"device": "NVIDIA H100 80GB" if gpu else "cpu", "started_at": timezone.now()}
    return Usage.objects.create(team=team, user=user, seconds=3600 * hours, **values | more)


def test_a_finished_candidate_is_counted_once(team):
    run = make_run(team, candidates=1)
    held = take(make_slot())
    started_ago(100)
    for _ in range(2):
        claims.finish(held, done(held.number))
    (row,) = Usage.objects.all()
    assert (row.run, row.team, row.device, row.is_gpu) == (run, team, "cpu", False)
    assert row.seconds == pytest.approx(100, abs=5)
    assert cost_of_run(run.pk).cpu_hours == pytest.approx(row.seconds / 3600)


def test_returned_and_lost_claims_count_too(team):
    run = make_run(team, candidates=1)
    slot = make_slot()
    held = take(slot)
    started_ago(10)
    claims.release_claim(held)
    held = take(slot)
    started_ago(300)
    expire(held, seconds=100)  # it died: its time counts until the end of the lease
    reap()
    held = take(slot)
    claims.finish(held, done(held.number))
    seconds = [
        round(s, -1) for s in Usage.objects.order_by("fence").values_list("seconds", flat=True)
    ]
    assert seconds == [10, 200, 0] and Usage.objects.filter(run=run).count() == 3


def test_work_of_the_queue_cuda_is_gpu_time_of_the_named_card(team):
    make_run(team, candidates=1)
    slot = make_slot(queues=("cuda",))
    WorkerSlot.objects.update(facts={"cards": [{"name": "NVIDIA H100 80GB"}], "threads": 8})
    Candidate.objects.update(queue="cuda")
    held = take(slot)
    claims.finish(held, done(held.number))
    row = Usage.objects.get()
    assert (row.device, row.is_gpu, row.threads) == ("NVIDIA H100 80GB", True, 8)


def test_exports_are_counted(team, researcher):
    before = Usage.objects.count()
    finish_export(make_export(team, researcher))
    assert {row.kind for row in Usage.objects.all()[before:]} >= {"export", "training"}


def test_energy_and_co2_follow_from_time_and_power(team, researcher, settings):
    usage(team, researcher, hours=2)
    usage(team, researcher, hours=3, gpu=False, threads=6)
    cost = cost_of(Usage.objects.all())
    assert (cost.gpu_hours, cost.cpu_hours) == (2.0, 3.0)
    assert cost.kwh == pytest.approx(2 * 0.7 + 3 * 6 * 125 / 12 / 1000)
    assert grams_per_kwh() == 475 and cost.to_json()["carbon"] == "world average, 475 g/kWh"
    settings.PARETOSCOPE_COUNTRY = "NOR"
    assert cost.co2_grams < 0.1 * 475 * cost.kwh
    assert watts("NVIDIA A100", True, 1) == 300


def test_the_team_page_shows_months_and_people(team, researcher, viewer, other_team, sign_in):
    usage(team, researcher)
    usage(team, researcher, started_at=timezone.now() - timedelta(days=40))
    usage(other_team, hours=50)
    assert [row["person"] for row in monthly(team.pk)] == ["rosa", "rosa"]
    rows = read(sign_in(viewer).get("/team/")).one("team-costs").rows()
    assert [row[1:4] for row in rows] == [["rosa", "1", "0"]] * 2


def test_the_run_page_shows_the_cost(team, viewer, sign_in):
    run = make_run(team, candidates=1)
    work_off(run)
    Usage.objects.update(seconds=7200, is_gpu=True, device="H100")
    text = read(sign_in(viewer).get(f"/runs/{run.pk}/")).one("run-cost").text
    assert text == "2 GPU h 1.4 kWh, 665 g CO2 (modelled)"


def test_the_api_has_the_costs_of_the_own_teams(team, other_team, researcher):
    usage(team, researcher)
    usage(other_team, hours=50)
    token = tokens.issue(researcher, "costs")
    (row,) = Client(headers={"Authorization": f"Bearer {token}"}).get("/api/usage").json()
    assert (row["team"], row["person"], row["gpu_hours"], row["kwh"]) == ("Vision", "rosa", 1, 0.7)
    assert row["tiers"] == {"hours": "measured", "kwh": "modelled", "co2_grams": "modelled"}


@pytest.mark.parametrize("personal", [False, True])
def test_a_used_up_quota_refuses_a_launch(team, researcher, personal):
    Quota.objects.create(team=team, user=researcher if personal else None, gpu_hours=2)
    usage(team, researcher, hours=1.5)
    usage(team, researcher, hours=9, gpu=False)
    usage(team, researcher, hours=9, started_at=timezone.now() - timedelta(days=40))
    run = make_run(team, advance=False)
    again = {"team": team, "user": researcher, "name": "a", "spec": None}
    usage(team, researcher, hours=1)
    from nasengine.core.search_spec import SearchSpec
    from webapp.runs.services.launch import launch

    again["spec"] = SearchSpec.from_json(run.spec)
    with pytest.raises(InvalidSettings, match=r"used up: 2\.5 of 2 GPU hours this month;"):
        launch(**again)
    assert Run.objects.count() == 1


def test_active_runs_are_limited(team):
    Quota.objects.create(team=team, active_runs=1)
    first = make_run(team, candidates=1)
    with pytest.raises(InvalidSettings, match=f"of the team {team}: 1 active runs at once"):
        make_run(team)
    work_off(first)
    assert make_run(team).state in ("queued", "running")


def test_owners_set_the_quota_of_a_member(team, other_team, researcher, owner, sign_in):
    page = f"/team/quotas/{researcher.memberships.get(team=team).pk}/"
    usage(team, researcher, hours=1.5)
    client = sign_in(owner)
    assert read(client.get("/team/")).one("team-quotas").all("a", href=page)
    assert "1.5 GPU h used this month" in read(client.get(page)).text
    refused = client.post(page, {"gpu_hours": "-1", "active_runs": "many"})
    assert refused.status_code == 422
    form = read(refused).one("quota-form")
    assert [one.attributes["data-error"] for one in form.all("p", class_="ps-error")] == [
        "gpu_hours",
        "active_runs",
    ]
    inputs = [one.attributes for one in form.all("input", class_="form-control is-invalid")]
    assert [(one["type"], one["value"]) for one in inputs] == [("text", "-1"), ("text", "many")]
    for bad in ("nan", "inf", "1e999"):
        assert client.post(page, {"gpu_hours": bad}).status_code == 422
    assert client.post(page, {"gpu_hours": "2.5", "active_runs": ""}).status_code == 302
    assert Quota.objects.get(team=team, user=researcher).gpu_hours == 2.5
    row = read(client.get("/team/")).one("team-quotas").all("tr")
    assert any("rosa" in one.text and "2.5" in one.text for one in row)
    text = AuditEntry.objects.filter(team=team, kind="setting").latest("pk").text
    assert text == "set the quota of rosa: GPU hours a month 2.5, active runs no limit"
    assert client.post(page, {"gpu_hours": "", "active_runs": ""}).status_code == 302
    assert not Quota.objects.exists()
    assert sign_in(researcher).get(page).status_code == 403
    assert read(sign_in(researcher).get("/team/")).all(data_testid="team-quotas") == []

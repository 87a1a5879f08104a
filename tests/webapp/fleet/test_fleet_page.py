"""The fleet page: what each person sees of workers, queues and cards, and who may drain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from tests.fixtures.evaluations import make_evaluation
from tests.fixtures.factories import done, make_run, make_slot, take
from tests.fixtures.html_reader import read
from tests.fixtures.people import make_user
from webapp.accounts.models import Team, User
from webapp.runs.models import WorkerDrain, WorkerSlot
from webapp.runs.services import claims, slots
from webapp.runs.services.drains import drain

pytestmark = pytest.mark.django_db
CARD = {
    "index": 0,
    "uuid": "GPU-1",
    "name": "NVIDIA H100 80GB HBM3",
    "load": 0.87,
    "memory_used": 40 * 2**30,
    "memory_total": 80 * 2**30,
    "power_w": 512.4,
    "temperature_c": 61,
}


@pytest.fixture
def root(team: Team) -> User:
    user = make_user("root", team, "viewer")
    user.is_superuser = True
    user.save()
    return user


def page_of(client: Any) -> Any:
    return read(client.get("/fleet/"))


def silence(name: str) -> None:
    WorkerSlot.objects.filter(name=name).update(last_seen=Now() - timedelta(seconds=40))


def test_an_empty_fleet_reads_what_to_start(viewer, sign_in):
    page = page_of(sign_in(viewer))
    assert "celery -A workers worker -Q cpu --concurrency 1" in page.one("no-worker").text
    assert "appear here" in page.one("fleet-queues").text
    assert "NVIDIA cards appear here" in page.one("fleet-cards").text


def test_a_coordinator_is_healthy_while_its_sweeps_end(viewer, sign_in):
    boss = slots.register("boss", "coordinator", [], {})
    assert "Healthy" in page_of(sign_in(viewer)).one("worker-boss").text
    slots.add_facts(boss, {slots.STALLED_SINCE: "2026-01-01T00:00:00+00:00"})
    row = page_of(sign_in(viewer)).one("worker-boss").text
    assert "Stalled" in row and "restart it" in row and "Healthy" not in row


def test_a_worker_with_its_work_epoch_and_throughput(team, viewer, sign_in):
    run = make_run(team, candidates=3, in_flight=3)
    slot = slots.register("gpu-7", "evaluation", ["cuda", "cpu"], {"threads": 4})
    slots.add_facts(slot, {"accelerator": "cuda"})
    first = take(slot)
    claims.finish(first, done(first.number))
    WorkerSlot.objects.update(started_at=Now() - timedelta(minutes=30))
    held = take(slot)
    assert "before its first epoch" in page_of(sign_in(viewer)).one("worker-gpu-7").text
    claims.report(held, {"epoch": 3, "epochs": 10, "train_images": 50_000})
    assert "images/s" not in page_of(sign_in(viewer)).one("worker-gpu-7").text
    point = {"epoch": 4, "epochs": 10, "train_images": 50_000, "train_seconds": 12.5}
    claims.report(held, {**point, "seconds": 15.0})
    page = page_of(sign_in(viewer))
    row = page.one("worker-gpu-7").text
    assert f"candidate {held.number} of a run" in row and "epoch 4 of 10" in row
    assert "4 threads, cuda" in row and "cuda, cpu" in row and "Working" in row
    (link,) = page.one("worker-gpu-7").all("a")
    assert link.attributes["href"] == f"/runs/{run.pk}/candidates/{held.number}/"
    assert "4000 images/s" in row
    assert "2 candidates/h" in row  # one candidate in half an hour


def test_work_of_another_team_has_no_name_and_no_link(team, stranger, viewer, sign_in):
    run = make_run(team)
    take(make_slot("gpu-7"))
    make_evaluation(team, queue="cuda")
    content = sign_in(stranger).get("/fleet/").content.decode()
    assert "another team&#x27;s work" in content
    assert f"/runs/{run.pk}/" not in content and "a run" not in content
    queue = read(sign_in(stranger).get("/fleet/")).one("queue-cuda").text
    assert "3 trainings" in queue
    assert "another team" not in sign_in(viewer).get("/fleet/").content.decode()


def test_a_silent_worker_is_lost_until_one_of_its_name_starts(viewer, sign_in):
    make_slot("gpu-7")
    silence("gpu-7")
    page = page_of(sign_in(viewer))
    assert "Lost" in page.one("worker-gpu-7").text and page.one("no-worker")
    make_slot("gpu-7")
    row = page_of(sign_in(viewer)).one("worker-gpu-7").text
    assert "Idle" in row and "Lost" not in row


def test_a_queue_without_a_worker_is_an_alert_with_the_command(team, viewer, sign_in):
    make_run(team)
    shown = page_of(sign_in(viewer))
    alert = shown.one("fleet-alerts").text
    assert "queue cpu, which no worker serves" in alert
    assert "celery -A workers worker -Q cpu --concurrency 1" in alert
    assert "1 candidate" in shown.one("queue-cpu").text
    make_slot("gpu-7")
    assert b'data-testid="fleet-alerts"' not in sign_in(viewer).get("/fleet/").content
    drain("gpu-7", None)
    alert = page_of(sign_in(viewer)).one("fleet-alerts").text
    assert "whose workers are drained" in alert and "Resume gpu-7" in alert


def test_an_administrator_drains_and_resumes(root, team, sign_in):
    make_run(team)
    slot, client = make_slot("gpu-7"), sign_in(root)
    held = take(slot)
    page = client.post("/fleet/workers/drain", {"name": "gpu-7"}, follow=True)
    assert b"gpu-7 is drained" in page.content
    row = page_of(client).one("worker-gpu-7").text
    assert "Draining" in row and "by root" in row and "Resume" in row
    claims.finish(held, done(held.number))
    assert "Drained" in page_of(client).one("worker-gpu-7").text
    slots.retire(slot)
    assert "does not run" in page_of(client).one("offline-gpu-7").text
    client.post("/fleet/workers/resume", {"name": "gpu-7"})
    assert not WorkerDrain.objects.exists()
    assert client.post("/fleet/workers/drain", {"name": "unknown"}).status_code == 404
    assert client.post("/fleet/workers/kill", {"name": "gpu-7"}).status_code == 404


def test_only_an_administrator_does(owner, sign_in):
    make_slot("gpu-7")
    client = sign_in(owner)
    assert "Drain" not in page_of(client).one("worker-gpu-7").text
    answer = client.post("/fleet/workers/drain", {"name": "gpu-7"})
    assert answer.status_code == 403 and b"administrator" in answer.content
    assert not WorkerDrain.objects.exists()


def test_cards_are_shown_once_with_every_worker_that_sees_them(viewer, sign_in):
    for name in ("gpu-1", "gpu-2"):
        slots.register(name, "evaluation", ["cuda"], {"cards": [CARD]})
    page = page_of(sign_in(viewer))
    card = page.one("card-0").text
    assert "H100" in card and "87" in card and "40.0 of 80.0" in card
    assert "512" in card and "61" in card and "gpu-1, gpu-2" in card


def test_a_machine_without_nvml_says_why(viewer, sign_in):
    slots.register("w", "evaluation", ["cpu"], {"cards_missing": "no NVIDIA driver"})
    assert "no NVIDIA driver" in page_of(sign_in(viewer)).one("no-cards").text
    part = {key: value for key, value in CARD.items() if key not in ("power_w", "load")}
    slots.register("x", "evaluation", ["cuda"], {"cards": [part]})
    card = sign_in(viewer).get("/fleet/").content.decode()
    assert "the driver does not report it" in card


def test_the_share_of_the_team_is_named(team, other_team, viewer, sign_in):
    Team.objects.filter(pk=team.pk).update(weight=2)
    assert "2 of 3" in sign_in(viewer).get("/fleet/").content.decode().replace("\n  ", " ")


def test_htmx_gets_the_moving_part_alone(viewer, sign_in):
    answer = sign_in(viewer).get("/fleet/", headers={"HX-Request": "true"})
    assert b"fleet-workers" in answer.content and b"<html" not in answer.content


def test_queries_do_not_grow(team, viewer, sign_in, queries_of):
    client = sign_in(viewer)
    make_run(team)
    take(make_slot("w0"))
    make_run(team, seed=50)
    one = queries_of(lambda: client.get("/fleet/"))
    for number in (1, 2, 3):
        make_run(team, seed=number)
        take(make_slot(f"w{number}"))
        make_run(team, seed=number + 10)
    assert queries_of(lambda: client.get("/fleet/")) == one

"""Notices: what makes one, who gets it and where, once each; the page of choices."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now

from tests.fixtures.factories import make_run, make_slot, work_off
from tests.fixtures.html_reader import errors_of, read
from tests.fixtures.sinks import mail_sink, webhook_sink
from tests.fixtures.study_plans import small_plan
from webapp.accounts.models import User
from webapp.events.models import Event
from webapp.notices.models import Delivery, Kind, Notice, NoticeChoice, NoticeSettings
from webapp.notices.services import triggers
from webapp.notices.services.deliver import deliver_due
from webapp.notices.services.dispatch import dispatch_all
from webapp.notices.services.events import of_run
from webapp.notices.services.triggers import _ended
from webapp.notices.services.watch import stalled_runs, watch
from webapp.runs.models import Run, WorkerSlot
from webapp.runs.services.advance import fail_run
from webapp.studies.services.launching import launch_study

pytestmark = pytest.mark.django_db


def texts(user) -> list[str]:
    return [n.event.text for n in Notice.objects.filter(user=user).order_by("pk")]


def own_run(team, user, **spec) -> Run:
    run = make_run(team, candidates=2, **spec)
    Run.objects.filter(pk=run.pk).update(created_by=user, name="nightly")
    run.refresh_from_db()
    return run


def choose(user, kind: Kind, **places: bool) -> None:
    NoticeChoice.objects.update_or_create(user=user, kind=kind, defaults=places)


def test_an_ended_run_is_announced_once_to_its_owner(team, researcher, viewer):
    run = own_run(team, researcher)
    work_off(run)
    assert run.state == "finished"
    for _ in range(2):  # messages may come twice
        _ended(run)
        dispatch_all()
    assert texts(researcher) == [f"Run {run.pk} nightly: finished after 2 candidates"]
    assert texts(viewer) == []


def end(run, state: str, reason: str = "") -> None:
    Run.objects.filter(pk=run.pk).update(state=state, reason=reason, told=4, ended_at=Now())
    run.refresh_from_db()
    _ended(run)
    for _ in range(2):  # the second makes the notices of what the first stored of the study
        dispatch_all()


def test_a_study_is_announced_once_with_its_failures(team, researcher, viewer):
    study = launch_study(team, researcher, "nights", small_plan())
    researcher.email = "rosa@example.org"
    researcher.save()
    choose(researcher, Kind.RUN_FINISHED, browser=True, mail=True)
    one, two, three, four = study.runs.order_by("pk")
    end(one, "finished")
    assert texts(researcher) == []
    end(two, "failed", "the data set is gone")
    first = f"Run {two.pk} {two.name}: failed: the data set is gone (the first failure in study "
    assert texts(researcher) == [f"{first}nights)"]
    end(three, "failed", "again")
    end(four, "stopped")
    ended = "Study nights: finished, 2 of 4 runs failed, 1 of 4 runs stopped"
    assert texts(researcher) == [f"{first}nights)", ended]
    event = Notice.objects.order_by("pk").last().event
    assert (event.link, event.person) == (f"/studies/{study.pk}/", researcher)
    assert [one.event.text for one in Delivery.objects.all()] == [ended]  # one mail
    assert texts(viewer) == []
    end(three, "finished")  # it went on later and ended again
    assert texts(researcher)[2:] == ["Study nights: finished, 1 of 4 runs failed, 1 of 4 runs "
                                     "stopped"]  # fmt: skip


def test_a_study_without_failures_is_announced_with_its_runs(team, researcher):
    study = launch_study(team, researcher, "nights", small_plan(seeds=(1,)))
    for run in study.runs.order_by("pk"):
        end(run, "finished")
    assert texts(researcher) == ["Study nights: finished, 2 runs"]


def test_followers_of_every_run_and_failures(team, researcher, viewer, stranger):
    NoticeSettings.objects.create(user=viewer, every_run=True)
    NoticeSettings.objects.create(user=stranger, every_run=True)
    run = own_run(team, researcher)
    fail_run(run.pk, "the data set is gone")
    dispatch_all()
    expected = [f"Run {run.pk} nightly: failed: the data set is gone"]
    assert texts(researcher) == texts(viewer) == expected
    assert texts(stranger) == []


def test_a_front_that_improves_often_is_announced_once_in_a_period(team, researcher, monkeypatch):
    monkeypatch.setattr(triggers, "time", SimpleNamespace(time=lambda: 1e9))  # no period ends
    choose(researcher, Kind.FRONT_IMPROVED, browser=True)
    work_off(own_run(team, researcher))
    dispatch_all()
    assert sum("front improved" in text for text in texts(researcher)) == 1


def improve(run, period: int) -> None:
    text = f"the front improved: 3 members after {period} candidates"
    of_run(run, Kind.FRONT_IMPROVED, str(period), text)
    for _ in range(2):  # the second makes the notices of what the first stored of the study
        dispatch_all()


def test_a_run_has_one_unread_notice_of_its_front(team, researcher):
    choose(researcher, Kind.FRONT_IMPROVED, browser=True)
    run, other = own_run(team, researcher), own_run(team, researcher)
    improve(run, 1)
    improve(other, 1)
    improve(run, 2)
    text = "nightly: the front improved: 3 members after"
    expected = [f"Run {other.pk} {text} 1 candidates", f"Run {run.pk} {text} 2 candidates"]
    assert texts(researcher) == expected
    Notice.objects.update(read_at=Now())
    improve(run, 3)
    assert texts(researcher) == [*expected, f"Run {run.pk} {text} 3 candidates"]


def test_a_study_has_one_unread_notice_of_its_fronts(team, researcher):
    choose(researcher, Kind.FRONT_IMPROVED, browser=True, mail=True)
    User.objects.filter(pk=researcher.pk).update(email="rosa@example.org")
    study = launch_study(team, researcher, "nights", small_plan())
    for period in (1, 2):
        for run in study.runs.order_by("pk"):
            improve(run, period)
    (notice,) = Notice.objects.filter(user=researcher)
    first = study.runs.order_by("pk")[0]
    assert notice.event.text.startswith(f"Study nights: Run {first.pk} ")
    assert notice.event.text.endswith("after 2 candidates")
    assert notice.event.link == f"/studies/{study.pk}/"
    assert Delivery.objects.count() == 2  # mails: one in each period


def test_a_stall_is_announced_after_each_persons_minutes(team, researcher, curator):
    NoticeSettings.objects.create(user=curator, every_run=True, minutes=5)
    run = own_run(team, researcher)
    Run.objects.filter(pk=run.pk).update(state="running", started_at=Now())
    Event.objects.filter(run=run).update(at=Now() - timedelta(minutes=10))
    Run.objects.filter(pk=run.pk).update(started_at=Now() - timedelta(minutes=10))
    for _ in range(2):
        watch()
        dispatch_all()
    assert texts(researcher) == []
    assert texts(curator) == [f"Run {run.pk} nightly: no progress for 5 min"]
    assert list(stalled_runs(team, 5)) == [run] and not stalled_runs(team, 15)


def test_a_kept_architecture_asks_curators_for_review(team, researcher, curator, make_entry):
    make_entry(team, researcher, "good cell")
    dispatch_all()
    assert texts(curator) == ["good cell awaits review"]
    assert "good cell awaits review" not in texts(researcher)


def test_a_lost_worker_is_announced_to_those_who_chose_it(team, researcher, viewer, settings):
    choose(researcher, Kind.WORKER_LOST, browser=True)
    slot = make_slot("gpu-1")
    late = Now() - timedelta(seconds=3 * settings.LEASE_SECONDS)
    WorkerSlot.objects.filter(pk=slot.pk).update(last_seen=late)
    for _ in range(2):
        watch()
        dispatch_all()
    assert [text[:12] for text in texts(researcher)] == ["Worker gpu-1"]
    assert texts(viewer) == []


def test_a_mail_is_sent_once_and_again_after_a_failure(team, researcher, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    researcher.email = "rosa@example.org"
    researcher.save()
    choose(researcher, Kind.RUN_FINISHED, mail=True)
    work_off(own_run(team, researcher))
    dispatch_all()
    assert deliver_due() == 1 and deliver_due() == 0  # refused, and due later
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("waiting", 1) and delivery.error
    with mail_sink() as (sink, port):
        settings.EMAIL_PORT = port
        Delivery.objects.update(due_at=Now())
        assert deliver_due() == 1 and deliver_due() == 0
    (mail,) = sink.mails
    assert mail["To"] == "rosa@example.org" and "nightly: finished" in mail["Subject"]
    assert f"{settings.SITE_URL}/runs/" in mail.get_payload()
    assert Delivery.objects.get().state == "sent"


def test_a_chat_gets_the_message_only_if_the_network_is_permitted(team, researcher, settings):
    from webapp.notices.models import ChatRule

    ChatRule.objects.create(team=team, schemes=["json"])
    choose(researcher, Kind.RUN_FINISHED, chat=True)
    with webhook_sink() as sink:
        address = sink.url.replace("http://", "json://")
        NoticeSettings.objects.create(user=researcher, chat_address=address)
        work_off(own_run(team, researcher))
        dispatch_all()
        deliver_due()
        assert sink.seen == [] and Delivery.objects.get().state == "waiting"
        settings.PARETOSCOPE_INTERNAL_TARGETS = ["127.0.0.0/8"]
        Delivery.objects.update(due_at=Now())
        deliver_due()
        assert b"nightly: finished" in sink.seen[0][2]
    assert Delivery.objects.get().state == "sent"


@pytest.mark.parametrize(
    "address",
    ["file:///tmp/x", "exec://rm", "syslog://", "dbus://", "windows://", "json://h/", "nothing",
     "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#c,file:///tmp/x"],
)  # fmt: skip
def test_other_chat_addresses_get_a_message(researcher, sign_in, address):
    answer = sign_in(researcher).post(
        "/notices/settings", {"minutes": "60", "chat_address": address}
    )
    assert answer.status_code == 422 and set(errors_of(read(answer))) == {"chat_address"}


def test_choices_are_stored_and_shown(team, researcher, sign_in):
    client = sign_in(researcher)
    values = {"minutes": "30", "every_run": "true", "run-failed.mail": "on", "chat_address": ""}
    assert client.post("/notices/settings", values).status_code == 302
    page = read(client.get("/notices/settings"))
    ticked = [box.attributes["name"] for box in page.all("input", checked="")]
    assert "run-failed.mail" in ticked and "run-failed.browser" not in ticked
    assert NoticeSettings.objects.get().minutes == 30
    wrong = client.post("/notices/settings", {"minutes": "0"})
    assert wrong.status_code == 422 and "minutes" in errors_of(read(wrong))


def test_without_notices_there_is_nothing_to_mark_as_read(team, researcher, sign_in):
    page = read(sign_in(researcher).get("/notices/"))
    assert page.one("notices-page").text.startswith("No notices yet")
    assert page.all(data_testid="read-all") == []


def test_unread_notices_are_counted_and_read(team, researcher, viewer, sign_in):
    work_off(own_run(team, researcher))
    dispatch_all()
    client = sign_in(researcher)
    answer = client.get("/notices/unread.json").json()
    assert answer["unread"] == 1 and answer["newest"][0]["link"].startswith("/runs/")
    assert sign_in(viewer).get("/notices/unread.json").json()["unread"] == 0
    assert len(read(client.get("/notices/")).one("notice-table").rows()) == 1
    client.post("/notices/read")
    assert client.get("/notices/unread.json").json() == {"unread": 0, "newest": []}


def test_the_overview_names_stalls_and_reviews(team, researcher, curator, make_entry, sign_in):
    make_entry(team, researcher, "good cell")
    run = own_run(team, researcher)
    hours = Now() - timedelta(hours=3)
    Event.objects.filter(run=run).update(at=hours)
    Run.objects.filter(pk=run.pk).update(state="running", started_at=hours)
    page = sign_in(curator).get("/").content.decode()
    assert "No progress for more than 60 min" in page and "Awaits review" in page

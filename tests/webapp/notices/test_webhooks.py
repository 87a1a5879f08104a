"""Webhooks: signed, filtered, retried, logged, disabled; no request to internal networks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.db.models.functions import Now

from tests.fixtures.factories import make_run, work_off
from tests.fixtures.html_reader import errors_of, read
from tests.fixtures.sinks import webhook_sink
from webapp.accounts.models import AuditEntry
from webapp.common.outgoing import InternalAddress, is_permitted, only_permitted_addresses
from webapp.notices.models import Delivery, Kind, Webhook
from webapp.notices.services import webhooks
from webapp.notices.services.deliver import BACKOFF, deliver_due
from webapp.notices.services.dispatch import dispatch_all

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parents[3] / "docs" / "notices.md"


@pytest.fixture
def sink(settings):
    settings.PARETOSCOPE_INTERNAL_TARGETS = ["127.0.0.0/8"]
    with webhook_sink() as found:
        yield found


@pytest.fixture
def hook(team, owner, sink):
    return webhooks.create(team, owner, name="report", url=sink.url, kinds=[Kind.RUN_FINISHED])


def finish_a_run(team) -> None:
    work_off(make_run(team, candidates=1))
    dispatch_all()


def again() -> None:
    Delivery.objects.update(due_at=Now())
    deliver_due()


def documented_check():
    """The function `is_genuine` of the guide, as a reader would copy it."""
    code = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.S).group(1)
    names: dict = {}
    exec(code, names)
    return names["is_genuine"]


def test_the_request_is_signed_as_the_guide_says(team, hook, sink):
    finish_a_run(team)
    assert deliver_due() == 1 and deliver_due() == 0
    (path, headers, body), secret = sink.seen[0], hook[1]
    document = json.loads(body)
    assert path == "/hook" and headers["Paretoscope-Event"] == "run-finished" == document["event"]
    assert document["team"] == "Vision" and document["url"].endswith(f"/runs/{document['run']}/")
    is_genuine, signature = documented_check(), headers["Paretoscope-Signature"]
    assert is_genuine(secret, signature, body)
    assert not is_genuine(secret, signature, body + b" ")
    assert not is_genuine("whsec_other", signature, body)
    old = webhooks.signature(secret, 1_000_000_000, body)
    assert not is_genuine(secret, old, body)


def test_only_chosen_events_of_the_own_team_are_sent(team, other_team, hook, sink):
    finish_a_run(other_team)
    deliver_due()
    assert sink.seen == []


def test_failures_are_tried_again_later_and_logged(team, owner, hook, sink, sign_in):
    sink.answers = [500] * len(BACKOFF)
    finish_a_run(team)
    deliver_due()
    for _ in BACKOFF[1:]:
        again()
    assert Delivery.objects.get().state == "waiting" and len(sink.seen) == len(BACKOFF)
    page = read(sign_in(owner).get(f"/team/webhooks/{hook[0].pk}/"))
    row = page.one("delivery-table").rows()[0]
    assert row[1:4] == ["waiting", "the server answered 500", str(len(BACKOFF))]
    again()
    assert Delivery.objects.get().state == "sent" and Webhook.objects.get().failures == 0


def test_a_delivery_that_failed_for_good_is_sent_again_on_request(team, hook, sink):
    sink.answers = [404] * (len(BACKOFF) + 1)
    finish_a_run(team)
    deliver_due()
    for _ in BACKOFF:
        again()
    assert Delivery.objects.get().state == "failed"
    webhooks.resend(Delivery.objects.get())
    deliver_due()
    assert Delivery.objects.get().state == "sent" and Delivery.objects.get().code == 204


def test_many_failures_disable_it_until_an_owner_enables_it(team, owner, hook, sink, sign_in):
    Webhook.objects.update(failures=webhooks.MAX_FAILURES - 1)
    sink.answers = [500]
    finish_a_run(team)
    deliver_due()
    assert "the server answered 500" in Webhook.objects.get().reason
    finish_a_run(team)
    assert Delivery.objects.count() == 1
    sign_in(owner).post(f"/team/webhooks/{hook[0].pk}/enable")
    assert Webhook.objects.get().disabled_at is None


def test_a_redirect_is_not_followed(team, hook, sink):
    sink.answers, sink.location = [302], "http://169.254.169.254/"
    finish_a_run(team)
    deliver_due()
    assert Delivery.objects.get().error == "the server answered 302" and len(sink.seen) == 1


def test_the_secret_is_shown_once(team, owner, sink, sign_in):
    client = sign_in(owner)
    values = {"name": "report", "url": sink.url, "kinds": ["run-failed"], "minutes": "60"}
    answer = client.post("/team/webhooks/", values, follow=True)
    secret = read(answer).one("webhook-secret").text
    assert secret == Webhook.objects.get().secret
    assert secret not in client.get("/team/webhooks/").content.decode()
    texts = list(AuditEntry.objects.values_list("text", flat=True))
    assert "created the webhook report to 127.0.0.1" in texts and secret not in str(texts)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "http://127.0.0.1/", "https://localhost/x", "http://[::1]/",
     "http://10.1.2.3/", "http://169.254.169.254/latest", "http://0.0.0.0/", "https://u:p@1.1.1.1/",
     "http://[::ffff:127.0.0.1]/", "http://2130706433/", "https://no-such-host.invalid/", "nothing",
     "https://1.1.1.1:99999/"],
)  # fmt: skip
def test_internal_and_wrong_addresses_get_a_message(owner, sign_in, url):
    values = {"name": "x", "url": url, "kinds": ["run-failed"], "minutes": "60"}
    answer = sign_in(owner).post("/team/webhooks/", values)
    assert answer.status_code == 422 and set(errors_of(read(answer))) == {"url"}
    assert not Webhook.objects.exists()


def test_wrong_numbers_and_no_event_get_a_message_with_value_and_rule(owner, sink, sign_in):
    values = {"name": "x", "url": sink.url, "minutes": "20000"}
    errors = errors_of(read(sign_in(owner).post("/team/webhooks/", values)))
    assert errors["minutes"] == "must be at most 10080 (got 20000)"
    assert errors["kinds"] == "choose at least one event"
    values |= {"minutes": "-1", "kinds": ["run-failed"]}
    errors = errors_of(read(sign_in(owner).post("/team/webhooks/", values)))
    assert errors == {"minutes": "must be at least 1 (got -1)"}


def test_a_name_that_turns_internal_later_is_refused_at_the_connection(team, hook, sink, settings):
    settings.PARETOSCOPE_INTERNAL_TARGETS = []
    finish_a_run(team)
    deliver_due()
    assert sink.seen == [] and "internal address" in Delivery.objects.get().error
    with only_permitted_addresses(), pytest.raises(InternalAddress):
        import socket

        socket.create_connection(("127.0.0.1", 80), timeout=1)
    assert (
        is_permitted("1.1.1.1") and not is_permitted("fe80::1") and not is_permitted("100.64.0.1")
    )

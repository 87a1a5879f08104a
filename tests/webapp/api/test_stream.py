"""Server-sent events of a run."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async

from tests.fixtures.api import Caller
from tests.fixtures.factories import make_run, make_team, work_off
from tests.fixtures.people import make_user
from webapp.accounts.models import Membership
from webapp.api import streams
from webapp.api.models import ApiToken
from webapp.api.services import tokens
from webapp.api.streams import event_stream
from webapp.events.models import Event
from webapp.runs.services import control
from webapp.runs.services.advance import advance_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest.fixture
def scene(monkeypatch):
    """A running run, its member, and the member's token."""
    monkeypatch.setattr(streams, "WAKE_SECONDS", 0.2)
    team = make_team()
    user = make_user("rosa", team)
    token = tokens.token_of(tokens.issue(user, "stream"))
    return make_run(team, candidates=2), user, token


async def read(stream, count: int = 10_000) -> list[tuple[str, str]]:
    """Return the next messages as (kind or number, data); comments are left out."""
    found: list[tuple[str, str]] = []
    async for text in stream:
        lines = [line for line in text.splitlines() if line and not line.startswith(":")]
        fields = dict(line.split(": ", 1) for line in lines)
        if "data" in fields:
            found.append((fields.get("event") or fields["id"], fields["data"]))
        if len(found) == count:
            break
    return found


def opened(token, run, after=0):
    return streams.messages(token.pk, token.user_id, run.pk, after)


async def test_a_stream_sends_all_events_goes_on_and_ends_with_the_run(scene):
    run, user, token = scene
    stream = opened(token, run)
    first = await asyncio.wait_for(read(stream, 1), 60)
    assert first[0][0] == "1"
    await sync_to_async(control.stop)(run, user)
    await sync_to_async(control.cancel)(run, user)
    await sync_to_async(advance_run)(run.pk)
    rest = await asyncio.wait_for(read(stream), 60)
    numbers = await sync_to_async(list)(Event.objects.values_list("seq", flat=True).order_by("seq"))
    assert [int(n) for n, _ in first + rest[:-1]] == numbers
    assert (rest[-1][0], json.loads(rest[-1][1])) == ("end", {"state": "stopped"})
    resumed = await asyncio.wait_for(read(opened(token, run, after=numbers[-3])), 60)
    assert [n for n, _ in resumed] == [str(numbers[-2]), str(numbers[-1]), "end"]


@pytest.mark.parametrize("loss", ["revoked", "expired", "left", "locked"])
async def test_a_stream_ends_when_the_right_to_it_ends(scene, loss):
    run, user, token = scene
    stream = opened(token, run)
    await asyncio.wait_for(read(stream, 1), 60)

    def lose() -> None:
        if loss == "revoked":
            tokens.revoke(user, token.pk)
        elif loss == "expired":
            ApiToken.objects.update(expires_at="2020-01-01T00:00:00Z")
        elif loss == "left":
            Membership.objects.all().delete()
        else:
            user.is_active = False
            user.save()
        Event.objects.create(run=run, seq=99, kind="secret", item={})

    await sync_to_async(lose)()
    rest = await asyncio.wait_for(read(stream), 60)
    assert [n for n, _ in rest if n in ("99", "end")] == []


async def test_streams_are_bounded(scene, monkeypatch):
    run, _, token = scene
    monkeypatch.setattr(streams, "MAX_STREAMS", 1)
    stream = opened(token, run)
    await asyncio.wait_for(read(stream, 1), 60)
    refused = event_stream(token, run, 0)
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    await stream.aclose()
    assert event_stream(token, run, 0).status_code == 200
    monkeypatch.setattr(streams, "MAX_SECONDS", 0.0)
    assert await asyncio.wait_for(read(opened(token, run)), 60)


def _answers(run, user):
    caller = Caller(user)
    path = f"/api/runs/{run.pk}/events/stream"
    wrong = caller.client.get(path, headers={"Last-Event-ID": "x"})
    return wrong, Caller(make_user("eve", make_team())).client.get(path)


async def test_strangers_and_wrong_numbers_open_no_stream(scene):
    run, user, _ = scene
    wrong, foreign = await sync_to_async(_answers)(run, user)
    assert (wrong.status_code, foreign.status_code) == (422, 404)


async def test_a_finished_run_is_sent_to_its_end(scene):
    run, _, token = scene
    await sync_to_async(work_off)(run)
    found = await asyncio.wait_for(read(opened(token, run)), 60)
    assert json.loads(found[-1][1]) == {"state": "finished"}

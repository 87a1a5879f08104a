"""Server-sent events of a run: a bounded stream that a program can resume."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

from webapp.accounts.permissions import may
from webapp.common.problems import problem
from webapp.events.recorder import group_name
from webapp.live.backlog import BATCH, newer_events
from webapp.live.notification import Subscription
from webapp.live.queries import query
from webapp.runs.models import ENDED_RUNS, Run

from .models import ApiToken
from .services.tokens import is_valid

MAX_SECONDS = 600.0  # then the program connects again, with Last-Event-ID
MAX_STREAMS = 20  # of a person in one process
WAKE_SECONDS = 10.0  # between two looks without a notification
RETRY = "retry: 1000\n\n"
ALIVE = ": no news\n\n"
_open: Counter[int] = Counter()


@dataclass(frozen=True)
class _News:
    """Next events of a stream; `gone`: the right to see the run has ended."""

    events: list[dict[str, Any]] = field(default_factory=list)
    state: str = ""
    gone: bool = False


def event_stream(token: ApiToken, run: Run, after: int) -> HttpResponse | StreamingHttpResponse:
    """Return a response that sends the events of a run after a number.

    It ends when the run has ended (with an event `end`), when token or membership end, or after
    `MAX_SECONDS`; it then goes on in another request.
    """
    if _open[token.user_id] >= MAX_STREAMS:
        return problem(429, f"You have {MAX_STREAMS} open streams, the most that are allowed.")
    response = StreamingHttpResponse(
        messages(token.pk, token.user_id, run.pk, after), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def messages(token: int, user: int, run: int, after: int) -> AsyncIterator[str]:
    """Yield the text of each message; the arguments are keys of token, its owner and the run."""
    subscription = Subscription(group_name(run))
    until = time.monotonic() + MAX_SECONDS
    _open[user] += 1
    try:
        await subscription.join()
        yield RETRY
        while True:
            news = await query(_news, token, run, after)
            for event in news.events:
                after = event["seq"]
                yield f"id: {after}\ndata: {json.dumps(event, allow_nan=False)}\n\n"
            if news.gone:
                return
            if len(news.events) == BATCH:
                continue
            if news.state in ENDED_RUNS:
                yield f"event: end\ndata: {json.dumps({'state': news.state})}\n\n"
                return
            if time.monotonic() >= until:
                return
            if not news.events:
                yield ALIVE
            await subscription.wait(WAKE_SECONDS)
    finally:
        _open[user] -= 1
        await asyncio.shield(subscription.leave())


def _news(token: int, run_id: int, after: int) -> _News:
    """Read the next events, after a check that token and membership still allow it."""
    owner = ApiToken.objects.filter(pk=token).select_related("user").first()
    run = Run.objects.only("pk", "state", "team").select_related("team").filter(pk=run_id).first()
    if owner is None or run is None or not is_valid(owner):
        return _News(gone=True)
    if not may(owner.user, "view", run.team):
        return _News(gone=True)
    # The state was read before the events: an ended run has no later ones.
    return _News(newer_events(run_id, after), run.state)

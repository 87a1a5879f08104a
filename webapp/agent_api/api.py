"""HTTP API of device agents: every request is one of the device that its token belongs to."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Status
from ninja.security import HttpBearer

from nasengine.core.storage import storage_at
from webapp.accounts.middleware import team_not_required
from webapp.common.api_problems import answer_with_problems
from webapp.common.problems import problem
from webapp.devices.models import Device, Measurement
from webapp.devices.services import agents, measuring, tokens
from webapp.predictors.services.due import measurement_ended
from webapp.runs.services.device_waits import settle_measurement
from webapp.runs.services.fleet_news import announce_fleet

from .schemas import (
    LONGEST_WAIT_SECONDS,
    Claimed,
    Failure,
    Hello,
    Job,
    Next,
    Result,
    Stored,
    Welcome,
)

POLL_SECONDS = 0.5
NO_TOKEN = (
    "The request needs the header Authorization: Bearer TOKEN with a valid token of a device; "
    "the Devices page issues one."
)
REPLACED = "The work was given to another claim of this device, or was cancelled."


class DeviceTokenAuth(HttpBearer):
    """The bearer token of a device; `request.auth` is the device."""

    def authenticate(self, request: HttpRequest, token: str) -> Device | None:
        return tokens.device_of(token)


api = NinjaAPI(
    title="Paretoscope device agents",
    urls_namespace="agent-api",
    auth=DeviceTokenAuth(),
    docs_url=None,
    openapi_url=None,
)
answer_with_problems(api, NO_TOKEN)


def open_view(view: Any) -> Any:
    """Mark a view that needs no session: its requests carry a token."""
    return login_not_required(team_not_required(view))


@api.post("/hello", response=Welcome, url_name="hello")
def hello(request: Any, body: Hello) -> Any:
    """Store the facts of a device; work that an earlier process held is queued again."""
    device: Device = request.auth
    if body.name != device.name:
        detail = f"The token belongs to another device than {body.name}."
        return problem(422, detail)
    agents.say_hello(device, body.version, body.facts, body.kept)
    agents.seen(device, body.clock_mhz, body.temperature_c)
    announce_fleet()
    return Welcome(
        device=device.name,
        lease_seconds=measuring.LEASE.total_seconds(),
        wait_seconds=LONGEST_WAIT_SECONDS,
    )


@api.post("/jobs/next", response={200: Job, 204: None}, url_name="jobs-next")
def next_job(request: Any, body: Next) -> Any:
    """Hand out the next measurement; without one, wait for it a while."""
    device: Device = request.auth
    agents.seen(device, body.clock_mhz, body.temperature_c)
    until = time.monotonic() + min(body.wait, LONGEST_WAIT_SECONDS)
    while (row := measuring.claim(device)) is None:
        if time.monotonic() >= until:
            return Status(204, None)
        connection.close()  # other requests may use it meanwhile
        time.sleep(POLL_SECONDS)
    return Job(
        id=row.pk,
        fence=row.fence,
        objective=row.objective,
        batch=row.batch,
        input_shape=row.input_shape,
        sha256=row.onnx_sha256,
        bytes=row.onnx_bytes or 0,
        seconds=settings.MEASURE_SECONDS,
    )


@api.get("/jobs/{int:pk}/network", url_name="job-network")
def network(request: Any, pk: int, fence: int) -> HttpResponse:
    """Send the ONNX file of claimed work."""
    row = _own(request, pk)
    if not measuring.extend(row, fence):
        return problem(409, REPLACED)
    folder, _, name = row.onnx.partition("/")
    content = storage_at(settings.PARETOSCOPE_DEVICE_NETWORKS).within(folder).get(name)
    if content is None:
        measuring.fail(row, fence, "its ONNX file is not in the storage any more")
        settle_measurement(row)
        measurement_ended(row)
        raise Http404("The ONNX file is not in the storage any more.")
    return HttpResponse(content, content_type="application/octet-stream")


@api.post("/jobs/{int:pk}/renew", response={204: None}, url_name="job-renew")
def renew(request: Any, pk: int, body: Claimed) -> Any:
    """Extend the lease of claimed work."""
    row = _own(request, pk)
    agents.seen(request.auth, body.clock_mhz, body.temperature_c)
    return Status(204, None) if measuring.extend(row, body.fence) else problem(409, REPLACED)


@api.post("/jobs/{int:pk}/release", response={204: None}, url_name="job-release")
def release(request: Any, pk: int, body: Claimed) -> Any:
    """Return claimed work to the queue, because the agent stops."""
    row = _own(request, pk)
    return Status(204, None) if measuring.release(row, body.fence) else problem(409, REPLACED)


@api.post("/jobs/{int:pk}/result", response=Stored, url_name="job-result")
def result(request: Any, pk: int, body: Result) -> Any:
    """Store a measured value. An agent may send it again until it gets an answer."""
    row = _own(request, pk)
    if body.objective != row.objective:
        return problem(422, f"The work is to measure {row.objective}, not {body.objective}.")
    values = body.dict(exclude={"fence", "objective"})
    return _answered(row, measuring.finish(row, body.fence, values))


@api.post("/jobs/{int:pk}/failure", response=Stored, url_name="job-failure")
def failure(request: Any, pk: int, body: Failure) -> Any:
    """Store why the device cannot measure the network."""
    row = _own(request, pk)
    return _answered(row, measuring.fail(row, body.fence, body.reason))


def _answered(row: Measurement, answer: measuring.Answer) -> Any:
    if answer == "refused":
        return problem(409, REPLACED)
    settle_measurement(row)  # again for a repeated answer: the first may have died before it
    measurement_ended(row)
    return Stored(answer=answer)


def _own(request: Any, pk: int) -> Measurement:
    """Return work of the device.

    Raises:
        Http404: there is no such work, or it is another device's; the answer is the same.
    """
    row = Measurement.objects.filter(device=request.auth, pk=pk).select_related("device").first()
    if row is None:
        raise Http404("There is no such work.")
    return row

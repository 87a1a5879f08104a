"""Devices of a team: the list, the form, the page of one, and controls."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.middleware import team_not_required
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common import shown_once

from ..export import measurement_csv
from ..forms import DeviceForm
from ..models import OPEN_MEASUREMENTS, Device
from ..program import agent_program
from ..queries import devices_of, online_keys
from ..services import tokens

ACTIVITY = "Adding devices"
SHOWN = 100


@require_GET
def device_list(request: TeamRequest) -> HttpResponse:
    """Show the devices of the team."""
    here = online_keys(request.team)
    rows = [(device, device.pk in here) for device in devices_of(request.team)]
    context = {"rows": rows, "may_launch": may(request.user, "launch", request.team)}
    return render(request, "devices/list.html", context)


@require_http_methods(["GET", "POST"])
def device_new(request: TeamRequest) -> HttpResponse:
    """Show the form; a POST adds the device with its first token."""
    check_may_here(request, "launch", ACTIVITY)
    form = DeviceForm(request.POST if request.method == "POST" else None, request.team)
    if not form.is_valid():
        return render(request, "devices/new.html", {"form": form})
    device = Device.objects.create(team=request.team, created_by=request.user, **form.cleaned_data)
    return _with_token(request, device)


@require_GET
def device_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show one device: facts, runtimes, queue and measurements."""
    device = team_object_or_404(request, Device, pk)
    rows = device.measurements.defer("samples", "architecture", "conditions")
    open_rows = rows.filter(state__in=OPEN_MEASUREMENTS)
    context = {
        "device": device,
        "is_online": device.pk in online_keys(device.team),
        "waiting": open_rows.order_by("queued_at")[:SHOWN],
        "waiting_count": open_rows.count(),
        "ended": rows.exclude(state__in=OPEN_MEASUREMENTS).order_by("-ended_at", "-pk")[:SHOWN],
        "ended_count": rows.exclude(state__in=OPEN_MEASUREMENTS).count(),
        "shown": SHOWN,
        "tokens": device.tokens.select_related("created_by", "revoked_by"),
        "may_control": may(request.user, "control", device.team),
    }
    template = "devices/parts/now.html" if request.htmx else "devices/detail.html"
    return render(request, template, context)


@require_GET
def device_measurements(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Send every measurement of a device as CSV, with its samples."""
    device = team_object_or_404(request, Device, pk)
    response = StreamingHttpResponse(measurement_csv(device), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{device.name}-measurements.csv"'
    return response


@require_POST
def device_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Issue a token, revoke one, or delete a device that nothing was measured on."""
    device = team_object_or_404(request, Device, pk, action="control")
    if action == "token":
        return _with_token(request, device)
    if action == "revoke":
        key = request.POST.get("token", "")
        token = device.tokens.filter(pk=key).first() if key.isdigit() else None
        if token is None:
            raise Http404("this device has no such token")
        if tokens.revoke(token, request.user):
            messages.success(request, "The token is revoked: its agent stops at its next request.")
    else:
        raise Http404(f"unknown action {action[:40]!r}; actions: token, revoke")
    return redirect("device-detail", pk)


@login_not_required
@team_not_required
@require_GET
def device_program(request: HttpRequest) -> HttpResponse:
    """Send the agent as one file; it holds nothing but code, so that a device needs no session."""
    return HttpResponse(agent_program(), content_type="application/zip")


def _with_token(request: TeamRequest, device: Device) -> HttpResponse:
    """Issue a token and redirect to the page that shows it."""
    text = tokens.issue(device, request.user)
    shown_once.keep(request.session, f"device {device.pk}", text)
    return redirect("device-token", device.pk)


@never_cache
@require_GET
def device_token(request: TeamRequest, pk: int) -> HttpResponse:
    """Show a new token once, with the command that starts the agent; later show the device."""
    device = team_object_or_404(request, Device, pk, action="launch")
    text = shown_once.take(request.session, f"device {device.pk}")
    if not text:
        return redirect("device-detail", device.pk)
    server = request.build_absolute_uri("/").rstrip("/")
    context = {"device": device, "token": text, "server": server, "insecure": _insecure(request)}
    return render(request, "devices/token.html", context)


def _insecure(request: TeamRequest) -> str:
    """Return the option that an agent on another machine needs without HTTPS."""
    host = urlsplit(f"//{request.get_host()}").hostname
    local = host in ("localhost", "127.0.0.1", "::1")
    return "" if request.is_secure() or local else " --insecure"

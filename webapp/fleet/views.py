"""The fleet page, and draining and resuming a worker on it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.requests import TeamRequest
from webapp.runs.services import drains

from .page import fleet_page

ACTIONS = {
    "drain": (drains.drain, "{} is drained: it finishes its work and takes nothing new."),
    "resume": (drains.resume, "{} takes work again."),
}


@require_GET
def fleet(request: TeamRequest) -> HttpResponse:
    """Show the workers, queues and cards; for htmx only the part that changes."""
    context = {**fleet_page(request.team), "may_drain": request.user.is_superuser}
    template = "fleet/now.html" if request.htmx else "fleet/fleet.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
def worker_control(request: TeamRequest, action: str) -> HttpResponse:
    """Drain or resume the workers of a name; only administrators, since teams share workers."""
    if action not in ACTIONS:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(ACTIONS)}")
    if not request.user.is_superuser:
        raise PermissionDenied(
            "Only an administrator of the site drains and resumes workers, since all teams share "
            "them; ask one."
        )
    name = request.POST.get("name", "")
    act, done = ACTIONS[action]
    try:
        act(name, request.user)
    except drains.UnknownWorker as error:
        raise Http404(str(error)) from None
    messages.success(request, done.format(name))
    return redirect("fleet")

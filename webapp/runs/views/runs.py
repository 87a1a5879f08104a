"""The list of runs, and the actions that control one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest

from ..actions import ACTIONS
from ..models import Run
from ..run_table import COLUMNS, SIZES, run_table
from ..services import control

DONE_MESSAGES = {
    "pause": "Pausing: running candidates finish first.",
    "resume": "Run resumed.",
    "stop": "Stopping: running candidates finish first.",
    "cancel": "Run cancelled.",
    "raise_budget": "Budget raised.",
    "set_priority": "Priority changed.",
}


@require_GET
def run_list(request: TeamRequest) -> HttpResponse:
    """List the team's runs; the address has filter, sort and page."""
    context = {
        "table": run_table(request.team, request.GET),
        "sizes": SIZES,
        "columns": COLUMNS,
        "may_launch": may(request.user, "launch", request.team),
    }
    template = "runs/parts/run_table.html" if request.htmx else "runs/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
def run_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Do one of the actions of `control` with a run; redirect to its page."""
    if action not in ACTIONS:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(ACTIONS)}")
    run = team_object_or_404(request, Run, pk, action="control")
    try:
        if action == "raise_budget":
            number = _whole(request.POST.get("candidates", ""), "budget")
            control.raise_budget(run, request.user, number)
        elif action == "set_priority":
            number = _whole(request.POST.get("priority", ""), "priority")
            control.set_priority(run, request.user, number)
        else:
            getattr(control, action)(run, request.user)
    except control.ControlRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, DONE_MESSAGES[action])
    return redirect("run-detail", run.pk)


def _whole(text: str, name: str) -> int:
    """Parse a whole number.

    Raises:
        ControlRefused: the text is not one.
    """
    try:
        return int(text)
    except ValueError:
        what = "whole number of candidates" if name == "budget" else "whole number"
        raise control.ControlRefused(f"The {name} must be a {what} (got {text[:40]!r})") from None

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
    """Pause, resume, stop or cancel a run or raise its budget; redirect to its page."""
    if action not in ACTIONS:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(ACTIONS)}")
    run = team_object_or_404(request, Run, pk, action="control")
    try:
        if action == "raise_budget":
            control.raise_budget(run, request.user, _candidates(request.POST.get("candidates", "")))
        else:
            getattr(control, action)(run, request.user)
    except control.ControlRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, DONE_MESSAGES[action])
    return redirect("run-detail", run.pk)


def _candidates(text: str) -> int:
    """Parse a number of candidates.

    Raises:
        ControlRefused: the text is not a whole number.
    """
    try:
        return int(text)
    except ValueError:
        raise control.ControlRefused(
            f"The budget must be a whole number of candidates (got {text[:40]!r})"
        ) from None

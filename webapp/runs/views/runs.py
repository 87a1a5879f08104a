"""The list of runs, and the actions that control one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from nasengine.core.search_spec import LIMITS
from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may_with
from webapp.accounts.requests import TeamRequest
from webapp.common.sentences import as_sentence
from webapp.queries.saved import role_and_columns, saved_views
from webapp.usage.services.limits import UNITS

from ..actions import ACTIONS
from ..models import Run
from ..run_groups import groupings
from ..run_table import SIZES, run_table
from ..services import control, retries
from ..suggestions import setting_names

DONE_MESSAGES = {
    "pause": "Pausing: running candidates finish first.",
    "resume": "Run resumed.",
    "stop": "Stopping: running candidates finish first.",
    "cancel": "Run cancelled.",
    "raise_budget": "Budget raised.",
    "set_priority": "Priority changed.",
    "retry_failed": "Failed candidates are evaluated again.",
}


@require_GET
def run_list(request: TeamRequest) -> HttpResponse:
    """List the team's runs; the address has filter, sort and page."""
    role, kept = role_and_columns(request.team, request.user)
    opened, mine, shared = saved_views(request.team, request.user, request.GET.get("view", ""))
    context = {
        "table": run_table(request.team, request.user, request.GET, kept),
        "sizes": SIZES,
        "may_launch": may_with(role, "launch"),
        "may_control": may_with(role, "control"),
        "opened": opened,
        "my_views": mine,
        "team_views": shared,
    }
    if not request.htmx:
        context["groupings"] = groupings(setting_names(request.team))
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
            control.raise_budget(run, request.user, number, _limits(request.POST))
        elif action == "set_priority":
            number = _whole(request.POST.get("priority", ""), "priority")
            control.set_priority(run, request.user, number)
        elif action == "retry_failed":
            retries.retry_failed(run, request.user)
        else:
            getattr(control, action)(run, request.user)
    except control.ControlRefused as error:
        messages.error(request, as_sentence(_labelled(error)))
    else:
        messages.success(request, DONE_MESSAGES[action])
    return redirect("run-detail", run.pk)


def _labelled(error: control.ControlRefused) -> str:
    """Return the text of a refusal with limits named as on the form."""
    text = str(error)
    for name, (words, _, title) in UNITS.items():
        text = text.replace(name, f"{title} in {words}")
    return text


def _limits(posted: QueryDict) -> dict[str, float]:
    """Parse the limits that were sent.

    Raises:
        ControlRefused: one is no number.
    """
    found = {}
    for name in LIMITS:
        if name in posted:
            try:
                found[name] = float(str(posted[name]))
            except ValueError:
                text = f"{name} must be a number (got {posted[name][:40]!r})"
                raise control.ControlRefused(text) from None
    return found


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

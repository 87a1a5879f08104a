"""The part of the run page that steers a search to a target on its front."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.common.sentences import as_sentence
from webapp.runs.models import Run
from webapp.runs.objectives import goals_of_run
from webapp.runs.services.control import ControlRefused, allowed
from webapp.runs.services.steering import may_steer, steer, target_of
from webapp.runs.steer_form import SteerForm


@require_http_methods(["GET", "POST"])
def run_steer(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the target of a run; a POST steers it to another one, or to the whole front."""
    run = team_object_or_404(request, Run, pk, action="control")
    clears = request.POST.get("do") == "clear"
    bound = request.method == "POST" and not clears
    form = SteerForm(goals_of_run(run), target_of(run), request.POST if bound else None)
    refusal = ""
    if request.method == "POST" and (clears or form.is_valid()):
        try:
            steer(run, None if clears else form.target(), request.user)
        except ControlRefused as error:
            refusal = as_sentence(error)
        else:
            form = SteerForm(goals_of_run(run), target_of(run))
    if request.method == "POST" and not request.htmx:
        texts = [refusal, *form.texts()]
        for text in filter(None, texts):
            messages.error(request, text)
        return redirect("run-detail", run.pk)
    context = {
        "run": run,
        "form": form,
        "target": target_of(run),
        "waits": bool(run.steering) and run.steering[-1]["from"] is None,
        "since": run.steering[-1]["from"] if run.steering else None,
        "may_steer": may_steer(run) and "steer" in allowed(run),
        "refusal": refusal,
    }
    return render(request, "runs/parts/steering.html", context)

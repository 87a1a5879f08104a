"""Keep: put a candidate's architecture into the team's catalogue."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.common.sentences import as_sentence
from webapp.runs.models import Candidate, Run
from webapp.runs.views.candidate import candidate_or_404, candidate_response

from ..services.checks import request_check
from ..services.keeping import keep, kept_already


@require_POST
def candidate_keep(request: TeamRequest, pk: int, number: int) -> HttpResponse:
    """Create a catalogue entry of the candidate's architecture, or show the one that exists."""
    run = team_object_or_404(request, Run, pk, action="keep")
    candidate = candidate_or_404(run, number)
    before = kept_already(run.team, candidate.proposal["architecture"])
    try:
        entry = keep(
            candidate, request.user, request.POST.get("name", ""), request.POST.get("proposal", "")
        )
    except ValueError as error:
        return _answer(request, run, candidate, as_sentence(error), "error")
    if before is not None:
        same = "The same architecture"
        if entry.architecture_id != candidate.architecture_id:
            same = "An isomorphic architecture"
        text = f"{same} is in the catalogue already, as {entry.name} ({entry.stage})."
        return _answer(request, run, candidate, text, "warning")
    request_check(entry, request.user)
    return _answer(request, run, candidate, f"Kept in the catalogue as {entry.name}.", "success")


def _answer(
    request: TeamRequest, run: Run, candidate: Candidate, text: str, level: str
) -> HttpResponse:
    """For htmx the drawer with a toast, otherwise a redirect to the page with a message."""
    if request.htmx:
        response = candidate_response(request, run, candidate)
        response["HX-Trigger"] = json.dumps({"toast": {"text": text, "level": level}})
        return response
    messages.add_message(request, getattr(messages, level.upper()), text)
    return redirect("run-candidate", run.pk, candidate.number)

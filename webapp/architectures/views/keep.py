"""Keep: put a candidate's architecture into the team's catalogue."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from webapp.accounts.access import team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.architectures.services import keep
from webapp.runs.models import Candidate, Run
from webapp.runs.views.candidate import candidate_or_404, candidate_response


@require_POST
def candidate_keep(request: TeamRequest, pk: int, number: int) -> HttpResponse:
    """Create a catalogue entry of the candidate's architecture."""
    run = team_object_or_404(request, Run, pk, action="keep")
    candidate = candidate_or_404(run, number)
    try:
        entry = keep(candidate, request.user, request.POST.get("name", "").strip())
    except ValueError as error:
        return _answer(request, run, candidate, str(error), "error")
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

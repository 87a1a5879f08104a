"""The catalogue of architectures for programs: list, one entry, keep, move to another stage."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from ninja import Query, Router, Status
from ninja.errors import HttpError

from webapp.architectures.models import CatalogueEntry, Stage
from webapp.architectures.queries import Filters, history_of, with_superseded
from webapp.architectures.services.checks import request_check
from webapp.architectures.services.keeping import keep, kept_already
from webapp.architectures.services.moves import move, moves_for, rights_of
from webapp.architectures.services.texts import Refused
from webapp.common.problems import problem
from webapp.runs.models import CandidateState, Run

from ..auth import object_or_404, teams_named
from ..cursors import page_of
from ..schemas import ArchitectureQuery, Keep, Move, Page

router = Router(tags=["architectures"])
LARGE = ("network", "check_report", "architecture")


@router.get("", response=Page, url_name="architectures")
def list_architectures(request: Any, query: Query[ArchitectureQuery]) -> Any:
    """List the kept architectures of the person's teams, newest first."""
    filters = Filters(
        query.stage, query.tag, query.alias, query.space, query.text, "latest" * query.latest
    )
    entries = CatalogueEntry.objects.filter(team__in=teams_named(request, query.team))
    entries = with_superseded(filters.apply(entries)).select_related(
        "team", "kept_by", "decided_by", "proposed_by"
    )
    rows = entries.defer(*LARGE).prefetch_related("aliases")
    return page_of(
        rows, "-pk", query.cursor, query.limit, lambda page: [_row(entry) for entry in page]
    )


@router.post("", response={201: dict, 200: dict}, url_name="keep")
def keep_architecture(request: Any, body: Keep) -> Any:
    """Keep the architecture of a candidate; 200 if the catalogue has it already."""
    run = object_or_404(request, Run, body.run, "keep")
    candidate = run.candidates.filter(number=body.candidate).first()
    if candidate is None:
        raise Http404(f"Run {body.run} has no candidate {body.candidate}.")
    if candidate.state == CandidateState.TRAINED:
        raise HttpError(422, f"Candidate {body.candidate} is a supernet training step.")
    before = kept_already(run.team, candidate.proposal["architecture"])
    try:
        entry = keep(candidate, request.user, body.name, body.proposal)
    except Refused as error:
        raise HttpError(422, str(error)) from None
    if before is None:
        request_check(entry, request.user)
    return Status(201 if before is None else 200, _whole(request, entry.pk))


@router.get("/{int:pk}", response=dict, url_name="architecture")
def show_architecture(request: Any, pk: int) -> Any:
    """Return one entry with architecture, measurements, origin, history and possible moves."""
    object_or_404(request, CatalogueEntry, pk)
    return _whole(request, pk)


@router.post("/{int:pk}/stage", response=dict, url_name="architecture-stage")
def move_architecture(request: Any, pk: int, body: Move) -> Any:
    """Move an entry to another stage, with a reason."""
    entry = object_or_404(request, CatalogueEntry, pk, "keep")
    try:
        move(entry, request.user, Stage(body.stage), body.reason)
    except Refused as error:
        return problem(409, str(error))
    return _whole(request, pk)


def _whole(request: Any, pk: int) -> dict[str, Any]:
    entry = with_superseded(CatalogueEntry.objects.select_related("team")).get(pk=pk)
    steps = [
        {**step, "at": step["at"].isoformat(), "by": _name(step["by"])}
        for step in history_of(entry)
    ]
    return {
        **_row(entry),
        "architecture": entry.architecture,
        "measurements": entry.measurements,
        "source": entry.source,
        "proposal": entry.proposal,
        "check": {"passed": entry.check_passed, "report": entry.check_report},
        "moves": [str(move.stage) for move in moves_for(entry, rights_of(entry, request.user))],
        "history": steps,
    }


def _row(entry: Any) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "name": entry.name,
        "team": entry.team.name,
        "stage": str(entry.stage),
        "reason": entry.reason,
        "note": entry.note,
        "tags": entry.tags,
        "aliases": [alias.name for alias in entry.aliases.all()],
        "version": entry.version,
        "superseded": entry.superseded,
        "canonical_id": entry.canonical_id,
        "architecture_id": entry.architecture_id,
        "kept_by": _name(entry.kept_by),
        "kept_at": entry.kept_at.isoformat(),
        "decided_by": _name(entry.decided_by),
        "address": reverse("architecture-detail", args=[entry.pk]),
    }


def _name(user: Any) -> str | None:
    return None if user is None else user.get_username()

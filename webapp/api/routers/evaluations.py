"""Evaluations for programs: train an architecture fully, and read the result."""

from __future__ import annotations

from typing import Any, Literal

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from ninja import Header, Query, Router, Status
from ninja.errors import HttpError

from webapp.accounts.models import Team
from webapp.common.problems import problem
from webapp.common.ranges import resumable, source_of_zip
from webapp.evaluations.figures import figures_of
from webapp.evaluations.models import Evaluation, Training
from webapp.evaluations.queries import trainings_of, with_state
from webapp.evaluations.results import evaluation_json
from webapp.evaluations.services import control
from webapp.evaluations.services.launch import EvaluationSpec, launch_evaluation
from webapp.evaluations.services.networks import FILES, network_folder
from webapp.evaluations.subjects import (
    Subject,
    SubjectRefused,
    candidate_subject,
    entry_subject,
    network_subject,
)
from webapp.runs.models import Run

from ..auth import check_scope, object_or_404, team_named, teams_named
from ..cursors import page_of
from ..models import LaunchKey
from ..schemas import MAX_KEY, EvaluationQuery, NewEvaluation, Page
from ..services.launches import once

router = Router(tags=["evaluations"])
NOT_HERE = "The files of this network are not on the web server, or it is not trained yet."


@router.get("", response=Page, url_name="evaluations")
def list_evaluations(request: Any, query: Query[EvaluationQuery]) -> Any:
    """List the evaluations of the person's teams, newest first; figures compare by protocol."""
    rows = Evaluation.objects.filter(team__in=teams_named(request, query.team))
    if query.canonical_id:
        rows = rows.filter(canonical_id=query.canonical_id)
    rows = with_state(rows.select_related("team", "requested_by").defer("architecture", "job"))
    return page_of(
        rows,
        "-pk",
        query.cursor,
        query.limit,
        lambda page: [_row(evaluation) for evaluation in page],
    )


@router.post("", response={201: dict, 200: dict}, url_name="evaluate")
def evaluate(
    request: Any, body: NewEvaluation, idempotency_key: str = Header("", max_length=MAX_KEY)
) -> Any:
    """Train an architecture fully, once per seed. The same Idempotency-Key does it once."""
    check_scope(request)
    team = team_named(request, body.team, "launch")
    subject = _subject(request, team, body)
    asked = body.dict(exclude={"team"})
    names = ("protocol", "changes", "dataset", "dataset_config", "cells", "channels", "queue")
    spec = EvaluationSpec(
        seeds=tuple(body.seeds), priority=body.priority, **{name: asked[name] for name in names}
    )

    def create() -> Evaluation:
        return launch_evaluation(team, request.user, subject, spec)

    kind = LaunchKey.Kind.EVALUATION
    evaluation, is_new = once(
        kind, team=team, user=request.user, key=idempotency_key, request=asked, create=create
    )
    return Status(201 if is_new else 200, _whole(evaluation.pk))


@router.get("/{int:pk}", response=dict, url_name="evaluation")
def show_evaluation(request: Any, pk: int) -> Any:
    """Return one evaluation with the figures over its seeds and each training."""
    return _whole(object_or_404(request, Evaluation, pk).pk)


@router.get("/{int:pk}/seeds/{int:seed}/network.zip", url_name="evaluation-network")
def read_network(request: Any, pk: int, seed: int) -> HttpResponseBase:
    """Send the trained network of one seed as a zip archive: weights and description."""
    object_or_404(request, Evaluation, pk)
    rows = Training.objects.filter(evaluation=pk, seed=min(seed, 2**63 - 1))
    training = rows.select_related("evaluation").first()
    if training is None:
        raise Http404(f"Evaluation {pk} has no seed {seed}.")
    folder = network_folder(training)
    if folder is None:
        return problem(409, NOT_HERE)
    name = f"network-{pk}-seed-{seed}"
    files = {f"{name}/{file}": folder / file for file in FILES}
    return resumable(request, source_of_zip(files), f"{name}.zip", "application/zip")


@router.post("/{int:pk}/{action}", response=dict, url_name="evaluation-action")
def control_evaluation(request: Any, pk: int, action: Literal["cancel", "retry"]) -> Any:
    """Cancel all seeds, or train those again that failed, diverged or were cancelled."""
    evaluation = object_or_404(request, Evaluation, pk, "control")
    trainings = Training.objects.filter(evaluation=evaluation)
    try:
        if action == "cancel":
            control.cancel(trainings, request.user)
        else:
            control.retry(trainings, request.user)
    except control.ControlRefused as error:
        return problem(409, str(error))
    return _whole(pk)


def _subject(request: Any, team: Team, body: NewEvaluation) -> Subject:
    """Return the one architecture that the request names.

    Raises:
        HttpError: it names none or several, or the architecture cannot be trained.
        Http404: the team has no such candidate or entry.
    """
    named = [body.candidate is not None, body.architecture is not None, bool(body.network)]
    if sum(named) != 1:
        raise HttpError(422, "Name one of candidate (with run), architecture or network.")
    try:
        if body.network:
            return network_subject(body.network)
        if body.architecture is not None:
            return entry_subject(team, body.architecture)
        run = object_or_404(request, Run, body.run or 0, "launch")
        rows = run.candidates.select_related("run").filter(number=body.candidate or 0)
        candidate = rows.first() if run.team_id == team.pk else None
        if candidate is None:
            raise Http404(f"{team} has no candidate {body.candidate} of run {body.run}.")
        return candidate_subject(candidate)
    except SubjectRefused as error:
        raise HttpError(422, str(error)) from None


def _whole(pk: int) -> dict[str, Any]:
    rows = Evaluation.objects.select_related("team", "requested_by")
    evaluation = with_state(rows).get(pk=pk)
    trainings = trainings_of(evaluation)
    return {
        **_row(evaluation),
        "architecture": evaluation.architecture,
        "figures": [figure.to_json() for figure in figures_of(trainings)],
        "trainings": [_training(training) for training in trainings],
    }


def _row(evaluation: Evaluation) -> dict[str, Any]:
    author = evaluation.requested_by.get_username() if evaluation.requested_by else None
    return {
        "id": evaluation.pk,
        **evaluation_json(evaluation),
        "protocol_key": evaluation.protocol_key,
        "team": evaluation.team.name,
        "author": author,
        "created_at": evaluation.created_at.isoformat(),
        "address": reverse("evaluation-detail", args=[evaluation.pk]),
    }


def _training(training: Training) -> dict[str, Any]:
    return {
        "id": training.pk,
        "seed": str(training.seed),
        "state": str(training.state),
        "reason": training.reason,
        "progress": training.progress,
        "measurements": training.measurements,
        "epochs": training.epochs,
        "seconds": training.seconds,
        "network": training.network,
    }

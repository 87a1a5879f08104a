"""One evaluation: its page, the part that is kept up to date, its controls and downloads."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.ranges import resumable, source_of_zip
from webapp.common.sentences import as_sentence
from webapp.jobs.queues import served_queues
from webapp.runs.drawings import drawing, text_of

from ..curves import curves_of
from ..data_change import data_change_of
from ..figures import figures_of, main_figure
from ..models import Evaluation, Training
from ..queries import (
    evaluations_of_team,
    exports_of,
    label_of_data,
    same_protocol,
    trainings_of,
)
from ..services import control
from ..services.networks import FILES, network_folder
from ..sources import again_query, entry_of, source_link

MAX_COMPARED = 20
NOT_HERE = (
    "The files of this network are not on the web server: set PARETOSCOPE_NETWORKS to a folder "
    "or an S3 address that workers and web server share."
)


@require_GET
def evaluation_detail(request: TeamRequest, pk: int) -> HttpResponse:
    """Show an evaluation; htmx gets only the part that changes while seeds are trained."""
    evaluation = _evaluation(request, pk)
    context = _live_context(request, evaluation)
    if request.htmx:
        return render(request, "evaluations/parts/update.html", context)
    context |= {
        "graph": drawing(evaluation.architecture),
        "text": text_of(evaluation.architecture),
        "source": source_link(evaluation),
        "data_change": data_change_of(evaluation),
        "again": again_query(evaluation),
        "entry": entry_of(evaluation),
    }
    return render(request, "evaluations/detail.html", context)


@require_POST
def evaluation_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Cancel all seeds, train failed ones again, or delete the evaluation."""
    evaluation = team_object_or_404(request, Evaluation, pk, action="control")
    trainings = Training.objects.filter(evaluation=evaluation)
    return _controlled(request, evaluation, trainings, action)


@require_POST
def training_control(request: TeamRequest, pk: int, seed: int, action: str) -> HttpResponse:
    """Cancel one seed or train it again."""
    evaluation = team_object_or_404(request, Evaluation, pk, action="control")
    trainings = Training.objects.filter(evaluation=evaluation, seed=seed)
    if action == "delete" or not trainings.exists():
        raise Http404(f"evaluation {pk} has no seed {seed} with the action {action[:40]!r}")
    return _controlled(request, evaluation, trainings, action)


@require_GET
def training_network(request: TeamRequest, pk: int, seed: int) -> HttpResponseBase:
    """Send the stored network of one seed as a zip archive: weights and description."""
    evaluation = team_object_or_404(request, Evaluation, pk)
    training = Training.objects.filter(evaluation=evaluation, seed=seed).first()
    if training is None:
        raise Http404(f"evaluation {pk} has no seed {seed}")
    training.evaluation = evaluation
    folder = network_folder(training)
    if folder is None:
        messages.error(request, NOT_HERE if training.network else "This seed is not trained yet.")
        return redirect("evaluation-detail", pk)
    name = f"network-{pk}-seed-{seed}"
    files = {f"{name}/{file}": folder / file for file in FILES}
    return resumable(request, source_of_zip(files), f"{name}.zip", "application/zip")


def _controlled(request: TeamRequest, evaluation: Evaluation, trainings: Any, action: str) -> Any:
    """Do an action and redirect to the page that shows its result."""
    try:
        if action == "cancel":
            control.cancel(trainings, request.user)
        elif action == "retry":
            control.retry(trainings, request.user)
        elif action == "delete":
            control.delete(evaluation, request.user)
            messages.success(request, f"The evaluation of {evaluation.title} is deleted.")
            return redirect("evaluation-list")
        else:
            raise Http404(f"unknown action {action[:40]!r}; actions: cancel, retry, delete")
    except control.ControlRefused as error:
        messages.error(request, as_sentence(error))
    return redirect("evaluation-detail", evaluation.pk)


def _evaluation(request: TeamRequest, pk: int) -> Evaluation:
    """Return the evaluation with its state.

    Raises:
        Http404: there is none, or the user is not a member of its team.
    """
    team = team_object_or_404(request, Evaluation, pk, defer=["job"]).team
    evaluation = evaluations_of_team(team).filter(pk=pk).first()
    if evaluation is None:
        raise Http404(f"no evaluation {pk}")
    evaluation.team = team
    return evaluation


def _live_context(request: TeamRequest, evaluation: Evaluation) -> dict[str, Any]:
    """Return what changes while seeds are trained."""
    trainings = trainings_of(evaluation)
    figures = figures_of(trainings)
    waiting = any(training.state == "queued" for training in trainings)
    return {
        "evaluation": evaluation,
        "trainings": trainings,
        "figures": figures,
        "main": main_figure(figures),
        "curves": curves_of(trainings),
        "open": any(training.is_open for training in trainings),
        "failed": any(not t.is_open and t.state != "done" for t in trainings),
        "unserved": waiting and evaluation.queue not in served_queues(),
        "may_control": may(request.user, "control", evaluation.team),
        "exports": exports_of(trainings),
        "data": label_of_data(evaluation),
        "compared": list(same_protocol(evaluation.team, evaluation.protocol_key)[:MAX_COMPARED]),
        "code_versions": sorted({training.code_version for training in trainings} - {""}),
    }

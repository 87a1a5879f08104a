"""Predictors of a device: the cards of its page, what to measure next, values, and controls."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from nasengine.predictors.few_shot.description import COSTS
from webapp.accounts.access import team_object_or_404
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.common.csv_lines import Echo
from webapp.common.sentences import as_sentence
from webapp.devices.models import Device, PredictedCost, Predictor
from webapp.devices.queries import is_away
from webapp.jobs.queues import served_queues

from ..models import Step
from ..queries import cards_of, groups_of, proposals_of
from ..services import requests
from ..services.requests import QUEUE, RequestRefused

HEADER = ("architecture_id", "objective", "value", "unit", "low", "high", "tier", "device", "fit")
COLUMNS = ("architecture_id", "fit__cost", "value", "fit__unit", "low", "high", "method")
STARTED = "Ten networks are chosen and exported, then the agent measures them."
MEASURING = "The networks are exported, then the agent measures them and the predictor is fitted."


@require_GET
def predictor_cards(request: TeamRequest, pk: int) -> HttpResponse:
    """Show a card per space of the team, for the page of the device."""
    device = team_object_or_404(request, Device, pk)
    cards = cards_of(device)
    context = {
        "device": device,
        "cards": cards,
        "is_busy": any(card.is_busy for card in cards),
        "costs": COSTS,
        "is_away": is_away(device),
        "unserved": any(card.open_job for card in cards) and QUEUE not in served_queues(),
        "may_control": may(request.user, "control", device.team),
    }
    return render(request, "predictors/cards.html", context)


@require_POST
def predictor_measure(request: TeamRequest, pk: int) -> HttpResponse:
    """Request that ten networks of a space are measured on the device."""
    device = team_object_or_404(request, Device, pk, action="control")
    key = request.POST.get("key", "")
    group = next((group for group in groups_of(device.team) if group.key == key), None)
    if group is None:
        raise Http404("the team has no runs with this space and data")
    costs = request.POST.getlist("cost")
    try:
        requests.measure_ten(device, request.user, group.spec, costs)
    except RequestRefused as error:
        messages.error(request, as_sentence(error))
    else:
        messages.success(request, STARTED)
    return redirect("device-detail", device.pk)


@require_GET
def predictor_next(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the networks to measure next."""
    predictor = _predictor(request, pk)
    context = {
        "predictor": predictor,
        "device": predictor.device,
        "proposals": proposals_of(predictor),
        "may_control": may(request.user, "control", predictor.device.team),
    }
    return render(request, "predictors/next.html", context)


@require_POST
def predictor_control(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Measure more networks, fit again, or cancel the open job."""
    predictor = _predictor(request, pk, "control")
    try:
        if action == "measure":
            requests.measure_next(predictor, request.user, request.POST.getlist("network"))
            messages.success(request, MEASURING)
        elif action == "fit":
            requests.request_job(predictor, request.user, Step.FIT)
            messages.success(request, "The predictor is fitted again.")
        elif action == "cancel":
            requests.cancel(predictor, request.user)
            messages.success(request, "The job is cancelled.")
        else:
            raise Http404(f"unknown action {action[:40]!r}; actions: measure, fit, cancel")
    except RequestRefused as error:
        messages.error(request, as_sentence(error))
    return redirect("device-detail", predictor.device_id)


@require_GET
def predictor_csv(request: TeamRequest, pk: int) -> StreamingHttpResponse:
    """Send the current values of every network as CSV."""
    predictor = _predictor(request, pk)
    response = StreamingHttpResponse(_lines(predictor), content_type="text/csv; charset=utf-8")
    name = f"{predictor.device.name}-predicted.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(predictor: Predictor) -> Iterator[str]:
    writer: Any = csv.writer(Echo())
    yield writer.writerow(HEADER)
    device = predictor.device.name
    rows = PredictedCost.objects.filter(fit__predictor=predictor, fit__is_current=True)
    ordered = rows.order_by("fit__cost", "architecture_id")
    for network, cost, *values, number in ordered.values_list(*COLUMNS, "fit__number").iterator():
        yield writer.writerow([network, f"{cost}@{device}", *values, device, number])


def _predictor(request: TeamRequest, pk: int, action: str = "view") -> Predictor:
    """Return a predictor whose device the person may use.

    Raises:
        Http404: there is none, or it is of another team.
    """
    predictor = Predictor.objects.select_related("device__team").filter(pk=pk).first()
    if predictor is None:
        raise Http404(f"no predictor {pk}")
    team_object_or_404(request, Device, predictor.device_id, action)
    return predictor

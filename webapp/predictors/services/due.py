"""When a predictor is fitted again: its networks were measured, or there are new ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from nasengine.predictors.few_shot.validation import MIN_MEASURED
from webapp.devices.models import OPEN_MEASUREMENTS, Measurement, Predictor
from webapp.jobs.models import OPEN_JOBS

from ..models import PredictorJob, Step
from .inputs import inputs_of
from .requests import RequestRefused, request_job

# Runs that go on measure and find networks all the time: they ask for a fit no more often.
PAUSE = timedelta(minutes=5)


def measurement_ended(measurement: Measurement) -> None:
    """Fit the predictors for which a measurement was requested, if it was the last one."""
    for predictor in measurement.predictors.select_related("device__team"):
        request_fit_if_due(predictor)


def request_due_fits() -> None:
    """Fit every predictor with new measurements or networks: for the periodic sweep."""
    for predictor in Predictor.objects.exclude(input_shape=[]).select_related("device__team"):
        request_fit_if_due(predictor)


def request_fit_if_due(predictor: Predictor) -> PredictorJob | None:
    """Request a fit if one is due: once, however often this is called."""
    with transaction.atomic():
        locked = Predictor.objects.select_for_update(of=("self",)).filter(pk=predictor.pk)
        if locked.first() is None or not _is_due(predictor):
            return None
        with suppress(RequestRefused):
            return request_job(predictor, None, Step.FIT)
    return None


def _is_due(predictor: Predictor) -> bool:
    if predictor.measurements.filter(state__in=OPEN_MEASUREMENTS).exists():
        return False
    if predictor.jobs.filter(state__in=OPEN_JOBS).exists():
        return False
    now = inputs_of(predictor)
    last = predictor.jobs.filter(step=Step.FIT).order_by("-created_at", "-pk").first()
    if last is None:
        return len(now["measured"]) >= MIN_MEASURED
    if now == last.inputs or len(now["measured"]) < MIN_MEASURED:
        return False
    new = set(now["measured"]) - set(last.inputs["measured"])
    if predictor.measurements.filter(pk__in=new).exists():
        return True
    return last.created_at < timezone.now() - PAUSE

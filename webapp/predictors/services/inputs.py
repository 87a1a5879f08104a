"""Inputs of a predictor: the architectures of its runs and the device's measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from nasengine.predictors.few_shot.measured_devices import MIN_COMMON
from webapp.devices.models import Measurement, MeasurementState, Predictor
from webapp.devices.predicted import PARTS
from webapp.runs.models import Candidate, CandidateState, Run


def runs_of(predictor: Predictor) -> QuerySet[Run]:
    """Return the team's runs with the predictor's space and data."""
    same = {f"spec__{part}": getattr(predictor, part) for part in PARTS}
    return Run.objects.filter(team=predictor.device.team_id, **same)


def candidates_of(predictor: Predictor) -> QuerySet[Candidate]:
    """Return the measured candidates of these runs."""
    return Candidate.objects.filter(run__in=runs_of(predictor), state=CandidateState.DONE)


def architectures_of(predictor: Predictor) -> dict[str, dict[str, Any]]:
    """Return the distinct architectures of these candidates as JSON, by id."""
    rows = candidates_of(predictor).order_by("architecture_id").distinct("architecture_id")
    return dict(rows.values_list("architecture_id", "proposal__architecture"))


def usable_measurements(predictor: Predictor) -> dict[str, dict[str, Measurement]]:
    """Return what the device measured of these networks, requested for it or not.

    Returns:
        Cost -> id of an architecture -> its newest measurement.
    """
    rows = _measurements(predictor).filter(device=predictor.device_id)
    measured = list(rows.defer("samples", "architecture", "layers").order_by("ended_at", "pk"))
    ids = {row.architecture_id for row in measured}
    ours = candidates_of(predictor).filter(architecture_id__in=ids).order_by()
    kept = set(ours.values_list("architecture_id", flat=True))
    found: dict[str, dict[str, Measurement]] = {cost: {} for cost in predictor.costs}
    for row in measured:
        if row.architecture_id in kept:
            found[row.objective][row.architecture_id] = row
    return found


def measurements_of_others(predictor: Predictor) -> dict[str, dict[str, dict[str, float]]]:
    """Return what the team's other devices measured of networks with the same input.

    Returns:
        Cost -> name of a device -> id of an architecture -> its newest value; devices that have
        measured too few are left out.
    """
    rows = _measurements(predictor).filter(device__team=predictor.device.team_id)
    found: dict[str, dict[str, dict[str, float]]] = {cost: {} for cost in predictor.costs}
    columns = ("objective", "device__name", "architecture_id", "value")
    others = rows.exclude(device=predictor.device_id).order_by("ended_at", "pk")
    for cost, device, network, value in others.values_list(*columns):
        found[cost].setdefault(device, {})[network] = value
    return {
        cost: {name: values for name, values in devices.items() if len(values) >= MIN_COMMON}
        for cost, devices in found.items()
    }


def _measurements(predictor: Predictor) -> QuerySet[Measurement]:
    """Return the measurements of any device of networks with the predictor's space and input."""
    return Measurement.objects.filter(
        state=MeasurementState.DONE,
        value__isnull=False,
        objective__in=predictor.costs,
        architecture__space=predictor.space,
        input_shape=predictor.input_shape,
        classes=predictor.classes,
        batch=1,
    )


def inputs_of(
    predictor: Predictor, measured: Mapping[str, Mapping[str, Measurement]] | None = None
) -> dict[str, Any]:
    """Return what a fit would read now, to see whether another one is due."""
    measured = usable_measurements(predictor) if measured is None else measured
    networks = candidates_of(predictor).order_by().values("architecture_id").distinct().count()
    keys = sorted(row.pk for rows in measured.values() for row in rows.values())
    return {"measured": keys, "networks": networks}

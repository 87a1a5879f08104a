"""Predicted costs of networks on the team's devices, for the pages of runs. Nothing here writes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from django.db.models import QuerySet

from nasengine.core.architecture import Architecture, canonical_json
from nasengine.core.errors import EngineError
from nasengine.core.measurement import Measurement as Measured
from nasengine.execution.building import space_of
from nasengine.metering.cost_units import COST_UNITS
from nasengine.predictors.few_shot.description import features_of, modelled_costs
from nasengine.predictors.few_shot.fitted import FittedPredictor
from nasengine.predictors.few_shot.throughput import (
    THROUGHPUT,
    measured_cost,
    predicted_throughput,
)

from .models import Device, PredictedCost, PredictorFit

PARTS = ("space", "space_config", "dataset", "dataset_config")
COLUMNS = ("architecture_id", "value", "low", "high", "method")


def key_of(spec: Mapping[str, Any]) -> str:
    """Return the key of the space and data of search settings (JSON).

    The networks of two runs with equal keys have the same space and the same input.
    """
    parts = [spec.get(part) or {} for part in PARTS]
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def current_fits(team_id: int, spec: Mapping[str, Any]) -> QuerySet[PredictorFit]:
    """Return the current fits on the team's devices for the networks of a run's settings."""
    fits = PredictorFit.objects.filter(
        is_current=True, predictor__key=key_of(spec), predictor__device__team=team_id
    )
    ordered = fits.order_by("predictor__device__name", "cost")
    return ordered.select_related("predictor__device").defer("fitted", "measured")


def name_of(fit: PredictorFit) -> str:
    """Return the objective that a fit predicts, such as latency@pi4."""
    return f"{fit.cost}@{fit.predictor.device.name}"


def values_by_network(
    fits: Collection[PredictorFit], networks: Collection[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the values of networks, as rows of pages have them, in one query.

    Returns:
        Id of an architecture -> objective -> value, low, high, unit, device, method.
    """
    if not fits or not networks:
        return {}
    by_key = {fit.pk: fit for fit in fits}
    rows = PredictedCost.objects.filter(fit__in=by_key, architecture_id__in=set(networks))
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for fit_id, network, value, low, high, method in rows.values_list("fit_id", *COLUMNS):
        fit = by_key[fit_id]
        found.setdefault(network, {})[name_of(fit)] = {
            "value": value,
            "low": low,
            "high": high,
            "unit": fit.unit,
            "device": fit.predictor.device.name,
            "method": method,
        }
    return found


def predict_network(
    device: Device,
    spec: Mapping[str, Any],
    cost: str,
    architecture: Mapping[str, Any],
    description: Mapping[str, Any],
) -> Measured | None:
    """Return the predicted cost of a network on a device; None without a current fit for it.

    Args:
        device: The device.
        spec: Search settings (JSON) of the run.
        cost: Kind of cost, such as "latency".
        architecture: The engine's Architecture as JSON.
        description: The engine's description of the network.
    """
    fits = PredictorFit.objects.filter(
        is_current=True, cost=cost, predictor__device=device, predictor__key=key_of(spec)
    )
    fit = fits.first()
    if fit is None:
        return None
    described, network = [description], Architecture.from_json(dict(architecture))
    fitted = FittedPredictor.from_json(fit.fitted)
    try:
        found = fitted.predict(
            features_of(described, space_of(network), [network]),
            modelled_costs(described, measured_cost(cost)),
        )
    except (KeyError, ValueError, EngineError):
        return None  # of a version that described networks in another way
    if cost == THROUGHPUT:
        found = predicted_throughput(found, fitted.costs)
    value, low, high = (float(np.ravel(a)[0]) for a in (found.value, found.low, found.high))
    detail = {"batch": 1, "low": low, "high": high, "interval": "90 %", "fit": fit.number}
    detail |= {"networks": fit.networks}
    return Measured(
        f"{cost}@{device.name}",
        value,
        COST_UNITS[cost],
        device=device.name,
        method="predicted",
        detail=detail,
    )

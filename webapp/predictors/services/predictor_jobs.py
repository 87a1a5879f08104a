"""Jobs of predictors as workers do them: claim, report, finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.code_version import code_version
from nasengine.metering.cost_units import COST_UNITS
from nasengine.predictors.few_shot.description import description_key
from nasengine.predictors.few_shot.throughput import THROUGHPUT, measured_cost, throughput_of
from webapp.devices.models import (
    Measurement,
    NetworkDescription,
    PredictedCost,
    Predictor,
    PredictorFit,
)
from webapp.devices.services import measuring
from webapp.events.clean import clean_json
from webapp.jobs import services as jobs
from webapp.jobs.models import JobState
from webapp.jobs.services import Held
from webapp.runs.models import WorkerSlot
from webapp.runs.services.turns import Turn

from ..models import PredictorJob, Step
from .due import request_fit_if_due
from .inputs import (
    architectures_of,
    inputs_of,
    measurements_of_others,
    usable_measurements,
)

OWNER = "team"
TEN = 10
BATCH = 2000


@dataclass(frozen=True)
class PredictorClaim:
    """A worker's claim on a job of a predictor."""

    held: Held[PredictorJob]
    predictor_id: int
    step: str
    text: str

    def request(self) -> dict[str, Any]:
        """Return the request of the trainer process.

        Raises:
            EngineError: a network that is to be measured belongs to no run any more.
        """
        job = PredictorJob.objects.select_related("predictor__device").get(pk=self.held.pk)
        predictor = job.predictor
        architectures = architectures_of(predictor)
        missing = [identity for identity in job.networks if identity not in architectures]
        if missing and self.step == Step.MEASURE:
            raise EngineError(f"no run has the architecture {missing[0][:12]} any more")
        values: dict[str, Any] = {
            "descriptions": _kept_descriptions(predictor, architectures),
            "step": self.step,
            "architectures": list(architectures.values()),
            "dataset": predictor.dataset,
            "dataset_config": predictor.dataset_config,
            "cost": predictor.costs[0],
            "count": TEN,
            "seed": predictor.pk,
            "networks": job.networks,
            "place": str(settings.PARETOSCOPE_DEVICE_NETWORKS),
        }
        if self.step == Step.FIT:
            measured = usable_measurements(predictor)
            self.held.rows.update(inputs=inputs_of(predictor, measured))
            values["others"] = measurements_of_others(predictor)
            values["measured"] = {
                cost: {network: row.value for network, row in rows.items()}
                for cost, rows in measured.items()
                if rows
            }
        return values


def turns(queues: list[str]) -> list[Turn]:
    """Return the next jobs that wait in these queues."""
    return jobs.turns(PredictorJob, queues, OWNER)


def claim_turn(slot: WorkerSlot, turn: Turn) -> PredictorClaim | None:
    """Claim the job of a turn; None if it does not wait any more."""
    held = jobs.claim(PredictorJob, turn.pk, slot)
    if held is None:
        return None
    job = PredictorJob.objects.select_related("predictor__device").get(pk=turn.pk)
    return PredictorClaim(held, job.predictor_id, job.step, str(job))


def report(claim: PredictorClaim, point: Mapping[str, Any]) -> bool:
    """Store the progress, and the networks that were described; they stay if the worker dies.

    Return False if the claim is no longer valid.
    """
    new = [NetworkDescription(key=k, content=v) for k, v in point.get("descriptions", {}).items()]
    NetworkDescription.objects.bulk_create(new, ignore_conflicts=True)
    if "shape" in point:
        subject = {"input_shape": list(point["shape"]), "classes": point["classes"]}
        Predictor.objects.filter(pk=claim.predictor_id).update(**subject)
    return jobs.report(claim.held, float(point.get("share", 0.0)), str(point.get("step", "")))


def finish(claim: PredictorClaim, state: str, reason: str, outcome: Mapping[str, Any]) -> bool:
    """Store how a job ended; return False if the claim is no longer valid.

    Safe to call twice: the second call changes nothing. The measurements that are requested, or
    the values of a fit, are stored in the transaction that ends the job.

    Args:
        claim: The claim of the worker.
        state: "done", "failed" or "cancelled".
        reason: Why it did not end as done.
        outcome: {"subjects"}, or {"ids", "fits"} of a fit.
    """
    with transaction.atomic():
        rows = Predictor.objects.select_for_update(of=("self",))
        predictor = rows.filter(pk=claim.predictor_id).first()
        if predictor is None:
            return False  # its device was deleted
        if state == JobState.DONE and claim.step == Step.FIT:
            reason = _reasons(outcome["fits"])
            if not any("value" in fit for fit in outcome["fits"].values()):
                state = JobState.FAILED
        if not jobs.finish(claim.held, JobState(state), reason):
            return False
        if state != JobState.DONE:
            return True
        if claim.step == Step.FIT:
            _store_fits(claim, predictor, outcome)
        else:
            _request_measurements(claim, predictor, outcome)
    request_fit_if_due(predictor)  # if every network was measured before
    return True


def _request_measurements(
    claim: PredictorClaim, predictor: Predictor, outcome: Mapping[str, Any]
) -> None:
    subjects = [measuring.Subject(**subject) for subject in outcome["subjects"]]
    for subject in subjects:
        for cost in predictor.costs:
            predictor.measurements.add(measuring.request(predictor.device, subject, cost))
    networks = [subject.architecture_id for subject in subjects]
    PredictorJob.objects.filter(pk=claim.held.pk).update(networks=networks)


def _store_fits(claim: PredictorClaim, predictor: Predictor, outcome: Mapping[str, Any]) -> None:
    job = PredictorJob.objects.get(pk=claim.held.pk)
    measured = Measurement.objects.filter(pk__in=job.inputs["measured"]).defer("samples")
    for cost, result in outcome["fits"].items():
        if "value" not in result:
            continue
        rows = {
            row.architecture_id: row for row in measured if row.objective == measured_cost(cost)
        }
        older = PredictorFit.objects.filter(predictor=predictor, cost=cost)
        last = older.order_by("-number").values_list("number", flat=True).first() or 0
        older.filter(is_current=True).update(is_current=False)
        PredictedCost.objects.filter(fit__in=older).delete()
        fit = PredictorFit.objects.create(
            predictor=predictor,
            cost=cost,
            number=last + 1,
            unit=COST_UNITS[cost],
            measured=sorted(row.pk for row in rows.values()),
            networks=len(outcome["ids"]),
            validation=clean_json(result["validation"]),
            fitted=result["fitted"],
            versions={
                **result["versions"],
                "code": code_version(),
                "agent": predictor.device.agent_version,
                "runtimes": sorted({f"{r.runtime} {r.runtime_version}" for r in rows.values()}),
            },
        )
        predicted = zip(result["value"], result["low"], result["high"], strict=True)
        values = (
            _value(fit, rows.get(network), network, interval)
            for network, interval in zip(outcome["ids"], predicted, strict=True)
        )
        PredictedCost.objects.bulk_create(values, batch_size=BATCH)


def _value(
    fit: PredictorFit, row: Measurement | None, network: str, predicted: tuple[float, float, float]
) -> PredictedCost:
    """Return the value of a network with its interval: what was measured if it was."""
    method, (value, low, high) = "predicted", predicted
    if row is not None and row.value is not None:
        value, method = row.value, row.method
        low = value if row.low is None else row.low
        high = value if row.high is None else row.high
        if fit.cost == THROUGHPUT:  # the row is that of the latency
            value, low, high = throughput_of(value, low, high)
    return PredictedCost(
        fit=fit, architecture_id=network, value=value, low=low, high=high, method=method
    )


def _reasons(fits: Mapping[str, Mapping[str, Any]]) -> str:
    """Return why costs could not be fitted; "" if all were."""
    if not fits:
        return "nothing was measured: the device could not run the networks"
    return "; ".join(f"{cost}: {fit['reason']}" for cost, fit in fits.items() if "reason" in fit)


def _kept_descriptions(
    predictor: Predictor, architectures: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the descriptions that are kept of these architectures' networks, by key."""
    shape, classes = predictor.input_shape, predictor.classes
    if not shape:
        return {}
    engine = (Architecture.from_json(dict(architecture)) for architecture in architectures.values())
    keys = [description_key(architecture, shape, classes) for architecture in engine]
    rows = NetworkDescription.objects.filter(key__in=keys)
    return dict(rows.values_list("key", "content"))

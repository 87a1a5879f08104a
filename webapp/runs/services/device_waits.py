"""Candidates that wait for device agents, and their ending once every value is there.

A worker trains a candidate, exports its network and is free. The candidate waits in the queue of
its device, the run goes on with other candidates, and the last measurement ends it. While a device
is away the candidate waits, or takes the predicted value, without a predictor the modelled one: a
setting of the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nasengine.core.measurement import Measurement as Measured
from nasengine.core.objective import split_name
from nasengine.core.outcome import Outcome
from webapp.common.queue_names import device_queue
from webapp.devices.models import Device, Measurement, MeasurementState, WhenAway
from webapp.devices.predicted import predict_network
from webapp.devices.queries import is_away
from webapp.devices.services import measuring
from webapp.runs.models import Candidate, CandidateState, DeviceWait, Run

from .finishing import COST_FIELDS, checked_ending, end_candidate, set_cost
from .locking import locked_run
from .notifications import wake_coordinator
from .record import record_candidates, record_log, record_run

# Costs that a device may lack the sensor for; its clock it always has.
NEEDS_SENSOR = ("energy", "power", "memory")


def hold(run: Run, candidate: Candidate, outcome: Outcome, prepared: Mapping[str, Any]) -> None:
    """Let a trained candidate of a locked run wait for its devices; set its costs before."""
    wait = DeviceWait.objects.create(candidate=candidate, outcome=outcome.to_json(), awaited={})
    modelled = prepared.get("modelled", {})
    for objective, asked in outcome.awaited.items():
        kind, name = split_name(objective)
        entry = {"measurement": None, "modelled": modelled.get(objective), "why": ""}
        device = Device.objects.filter(team=run.team_id, name=name).first()
        if device is None:
            entry["why"] = f"the device {name} was removed"
        elif "subject" not in prepared:
            entry["why"] = prepared.get("reason", "its network was not exported")
        else:
            entry["description"] = prepared.get("description")
            subject = measuring.Subject(**prepared["subject"])
            row = measuring.request(device, subject, kind, asked.get("batch", 1))
            wait.measurements.add(row)
            entry["measurement"] = row.pk
        wait.awaited[objective] = entry
    wait.save(update_fields=["awaited"])
    if not _settle(run, candidate, wait):
        names = ", ".join(sorted(str(split_name(name)[1]) for name in wait.awaited))
        record_log(run, "info", f"trained; waits for {names}", candidate.number)


def settle_measurement(measurement: Measurement) -> None:
    """End the candidates that have all their values now that a measurement has ended."""
    for wait_id, run_id in measurement.waits.values_list("pk", "candidate__run_id"):
        _settle_wait(wait_id, run_id)


def sweep() -> None:
    """Queue measurements of lost agents again, and end candidates that need not wait longer."""
    measuring.reap()
    for wait_id, run_id in DeviceWait.objects.values_list("pk", "candidate__run_id"):
        _settle_wait(wait_id, run_id)


def _settle_wait(wait_id: int, run_id: int) -> None:
    try:
        with locked_run(run_id) as run:
            wait = DeviceWait.objects.filter(pk=wait_id).select_related("candidate").first()
            if wait is None:
                return
            if wait.candidate.state != CandidateState.QUEUED:
                wait.delete()  # it was cancelled
            elif _settle(run, wait.candidate, wait):
                record_run(run)
                wake_coordinator(run.pk)
    except Run.DoesNotExist:
        return


def _settle(run: Run, candidate: Candidate, wait: DeviceWait) -> bool:
    """End the candidate if every value is there or will not come; return whether it ended."""
    rows = {row.pk: row for row in wait.measurements.select_related("device")}
    values: list[Measured] = []
    waits_for, failures = "", []
    for objective, entry in wait.awaited.items():
        row = rows.get(entry["measurement"] or 0)
        found = _value(run, objective, entry, row)
        if isinstance(found, Measured):
            values.append(found)
        elif found is None:
            assert row is not None
            waits_for = waits_for or row.device.name
        else:
            failures.append(f"{objective}: {found}")
    outcome = Outcome.from_json(wait.outcome)
    set_cost(candidate, outcome)
    if failures:
        wait.delete()
        end_candidate(run, candidate, CandidateState.FAILED, "; ".join(failures))
        return True
    if waits_for:
        _keep_waiting(run, candidate, waits_for)
        return False
    wait.delete()
    measured = (*outcome.measurements, *values)
    complete = replace(outcome, state="done", measurements=measured, awaited={})
    end_candidate(run, candidate, *checked_ending(run, complete))
    return True


def _value(
    run: Run, objective: str, entry: dict[str, Any], row: Measurement | None
) -> Measured | str | None:
    """Return the value, the reason why there will be none, or None while it may still come."""
    if row is None:
        return _modelled(entry["modelled"], entry["why"] or "its measurement was removed", True)
    if row.state == MeasurementState.DONE:
        return _measured(objective, row)
    kind, _ = split_name(objective)
    models = row.device.when_away == WhenAway.MODEL
    if row.is_open:
        if models and is_away(row.device):
            why = f"the device {row.device.name} is away"
            return _modelled(_predicted(run, kind, entry, row) or entry["modelled"], why, True)
        return None
    return _modelled(entry["modelled"], row.reason, models or kind in NEEDS_SENSOR)


def _predicted(
    run: Run, kind: str, entry: dict[str, Any], row: Measurement
) -> dict[str, Any] | None:
    """Return what the device's predictor says, which was fitted to measurements of the device."""
    description = entry.get("description")
    if not description:
        return None  # the network was trained by an older version
    found = predict_network(row.device, run.spec, kind, row.architecture, description)
    return None if found is None else found.to_json()


def _modelled(value: dict[str, Any] | None, why: str, allowed: bool) -> Measured | str:
    if not allowed or value is None:
        return why
    return Measured.from_json({**value, "detail": {**value["detail"], "why": why}})


def _measured(objective: str, row: Measurement) -> Measured:
    assert row.value is not None
    method: Any = row.method
    return Measured(
        objective,
        row.value,
        row.unit,
        device=row.device.name,
        method=method,
        repetitions=row.repetitions,
        spread=row.spread,
        detail={
            "batch": row.batch,
            "low": row.low,
            "high": row.high,
            "runtime": f"{row.runtime} {row.runtime_version}",
            "layers_fallen_back": row.layers,
            **row.conditions,
        },
    )


def _keep_waiting(run: Run, candidate: Candidate, device: str) -> None:
    """Put the candidate in the queue of the device, without a worker and a lease."""
    queue = device_queue(device)
    if candidate.state == CandidateState.QUEUED and candidate.queue == queue:
        return
    candidate.state, candidate.queue = CandidateState.QUEUED, queue
    candidate.lease_until = None
    candidate.save(
        update_fields=[
            "state",
            "queue",
            "lease_until",
            "findings",
            *COST_FIELDS,
        ]
    )
    record_candidates(run, [candidate.pk])

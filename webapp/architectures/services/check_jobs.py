"""Checks as jobs: what a worker claims and finishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from webapp.evaluations.models import Training
from webapp.evaluations.services.networks import network_folder
from webapp.events.clean import clean_json, clean_text
from webapp.jobs import services as jobs
from webapp.jobs.models import JobState
from webapp.jobs.services import Held
from webapp.runs.models import WorkerSlot
from webapp.runs.services.turns import Turn

from ..models import CatalogueEntry, EntryCheck

OWNER = "entry"


@dataclass(frozen=True)
class CheckClaim:
    """A worker's claim on a check.

    Attributes:
        request: what the trainer process gets: the architecture, its input, the known counts,
            and the stored network with its earlier outputs.
    """

    held: Held[EntryCheck]
    entry_id: int
    request: dict[str, Any]


def turns(queues: list[str]) -> list[Turn]:
    """Return the next checks that wait in these queues."""
    return jobs.turns(EntryCheck, queues, OWNER)


def claim_turn(slot: WorkerSlot, turn: Turn) -> CheckClaim | None:
    """Claim the check of a turn; None if it does not wait any more."""
    held = jobs.claim(EntryCheck, turn.pk, slot)
    if held is None:
        return None
    check = EntryCheck.objects.select_related("entry").get(pk=turn.pk)
    return CheckClaim(held, check.entry_id, _request(check.entry))


def finish(claim: CheckClaim, state: str, reason: str, outcome: dict[str, Any]) -> bool:
    """End a check and store the result on its entry; False if the claim is no longer valid.

    A check that fails because the entry cannot be inspected has found a problem: it is stored
    too. Safe to call twice: the second call changes nothing.
    """
    found = clean_json(outcome.get("inspected", {})) if state == JobState.DONE else {}
    if state == JobState.FAILED:
        found = {"problems": [f"the check failed: {clean_text(reason)}"]}
    report = {name: value for name, value in found.items() if name != "network"}
    with transaction.atomic():
        if not jobs.finish(claim.held, JobState(state), reason, report=report):
            return False
        if found:
            values = {"network": found["network"]} if found.get("network") else {}
            # An update, not a save: a check is no change of the entry, so the history has no row.
            CatalogueEntry.objects.filter(pk=claim.entry_id).update(
                checked_at=Now(),
                check_passed=not found.get("problems"),
                check_report=report,
                **values,
            )
    return True


def _request(entry: CatalogueEntry) -> dict[str, Any]:
    known = {
        m["objective"]: m["value"]
        for m in entry.measurements
        if m["method"] == "counted" and m["objective"] in ("params", "macs")
    }
    counted = entry.check_report.get("counts", {})
    folder = _stored_network(entry)
    return {
        "architecture": entry.architecture,
        "shape": entry.network.get("input_shape"),
        "classes": entry.network.get("classes"),
        "dataset": entry.source.get("dataset", ""),
        "dataset_config": entry.source.get("dataset_config", {}),
        "expected": {**counted, **known},
        "folder": folder,
        "before": entry.check_report.get("outputs", {}),
    }


def _stored_network(entry: CatalogueEntry) -> str:
    """Return the folder of the newest trained network on this machine, "" if there is none.

    The first network that was ever compared stays the one that is compared.
    """
    trainings = Training.objects.filter(
        evaluation__team_id=entry.team_id,
        evaluation__canonical_id=entry.canonical_id,
        state=JobState.DONE,
    ).exclude(network={})
    before = entry.check_report.get("outputs", {}).get("sha256")
    rows = list(trainings.select_related("evaluation").order_by("-ended_at", "-pk")[:50])
    rows.sort(key=lambda training: training.network.get("sha256") != before)
    for training in rows:
        if folder := network_folder(training):
            return str(folder)
    return ""

"""Exports as jobs: what a worker claims, reports and finishes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasengine.core.errors import EngineError
from webapp.evaluations.figures import Figure, figures_of
from webapp.evaluations.services.networks import network_folder
from webapp.events.clean import clean_json
from webapp.exports.models import Export
from webapp.jobs import services as jobs
from webapp.jobs.models import JobState
from webapp.jobs.services import Held
from webapp.runs.models import WorkerSlot
from webapp.runs.services.turns import Turn

from .archives import claim_folder

OWNER = "team"
STEPS = 8  # about how many steps an export reports; the last one is never counted
NOT_HERE = (
    "the network of this training is not on the worker's machine: set PARETOSCOPE_NETWORKS to a "
    "folder or an S3 address that all machines share"
)


@dataclass(frozen=True)
class ExportClaim:
    """A worker's claim on an export, with everything needed to export.

    Attributes:
        network: the folder of the trained network on this machine; None if it is not here.
        evaluation: test figures over the seeds by objective, for the model card.
        folder: the folder on this machine into which only this claim writes.
        data: settings of the data set that the network was trained on, for calibration.
    """

    held: Held[Export]
    target: str
    settings: dict[str, Any]
    network: Path | None
    evaluation: dict[str, dict[str, Any]]
    folder: Path
    data: dict[str, Any]

    def network_or_refuse(self) -> Path:
        """Return the folder of the network.

        Raises:
            EngineError: it is not on this machine.
        """
        if self.network is None:
            raise EngineError(NOT_HERE)
        return self.network


def turns(queues: list[str]) -> list[Turn]:
    """Return the next exports that wait in these queues."""
    return jobs.turns(Export, queues, OWNER)


def claim_turn(slot: WorkerSlot, turn: Turn) -> ExportClaim | None:
    """Claim the export of a turn; None if it does not wait any more."""
    held = jobs.claim(Export, turn.pk, slot)
    if held is None:
        return None
    export = Export.objects.select_related("training__evaluation").get(pk=turn.pk)
    figures = figures_of(export.training.evaluation.trainings.all())
    return ExportClaim(
        held=held,
        target=export.target,
        settings=export.settings,
        network=network_folder(export.training),
        evaluation={figure.objective: _over_seeds(figure) for figure in figures if figure.is_test},
        folder=claim_folder(export, held.fence),
        data=export.training.evaluation.dataset_config,
    )


def _over_seeds(figure: Figure) -> dict[str, Any]:
    """Return a figure as `nasengine.export` takes it."""
    return {
        "mean": figure.mean,
        "spread": figure.spread,
        "seeds": figure.count,
        "unit": figure.unit,
    }


def report(claim: ExportClaim, point: dict[str, Any]) -> bool:
    """Store the step that begins; return False if the claim is no longer valid."""
    progress = claim.held.rows.values_list("progress", flat=True).first()
    if progress is None:
        return False
    share = progress + (1 - progress) / STEPS
    return jobs.report(claim.held, share, str(point.get("step", "")))


def finish(claim: ExportClaim, state: str, reason: str, outcome: dict[str, Any]) -> bool:
    """Store how an export ended; return False if the claim is no longer valid.

    Safe to call twice: the second call changes nothing.

    Args:
        claim: the claim of the worker.
        state: "done", "failed" or "cancelled".
        reason: why it did not end as done.
        outcome: {"archive", "bytes", "sha256", "report", "seconds"} of a done export.
    """
    columns: dict[str, Any] = {}
    if state == JobState.DONE:
        columns = {
            "folder": claim.folder.name,
            "archive": Path(outcome["archive"]).name,
            "archive_bytes": outcome["bytes"],
            "archive_sha256": outcome["sha256"],
            "report": clean_json(outcome["report"]),
            "seconds": outcome.get("seconds"),
        }
    return jobs.finish(claim.held, JobState(state), reason, **columns)

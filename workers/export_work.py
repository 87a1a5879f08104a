"""An export of a trained network as work."""

from __future__ import annotations

from typing import Any

from webapp.datasets.services.materialise import materialise_data
from webapp.exports.services import export_jobs
from webapp.exports.services.export_jobs import ExportClaim
from webapp.jobs import services as jobs
from webapp.runs.models import WorkerSlot
from webapp.runs.services.leases import Turn, Verdict

from .trainer_process import TrainerProcess
from .work import Ending, Work


class ExportWork(Work):
    """Export one trained network for one target."""

    noun = "export"
    limit = "EXPORT_SECONDS"
    is_watched = False  # compiling for a device may be silent for long

    def __init__(self, claim: ExportClaim):
        self.claim = claim
        self.fence = claim.held.fence

    def __str__(self) -> str:
        return f"export {self.claim.held.pk} to {self.claim.target}"

    @staticmethod
    def turns(queues: list[str]) -> list[Turn]:
        """Return the next exports that wait in these queues."""
        return export_jobs.turns(queues)

    @staticmethod
    def task_of(turn: Turn) -> str:
        """Return the name of the Celery task that does the work of a turn."""
        return "export"

    @classmethod
    def take(cls, slot: WorkerSlot, turn: Turn) -> ExportWork | None:
        """Claim the export of a turn; None if it does not wait any more."""
        claim = export_jobs.claim_turn(slot, turn)
        return None if claim is None else cls(claim)

    def prepare(self) -> None:
        self.claim.network_or_refuse()
        materialise_data(self.claim.data)

    def start(self, trainer: TrainerProcess) -> None:
        trainer.request(
            "export",
            network=str(self.claim.network),
            target=self.claim.target,
            settings=self.claim.settings,
            evaluation=self.claim.evaluation,
            folder=str(self.claim.folder),
        )

    def heartbeat(self) -> Verdict:
        return jobs.heartbeat(self.claim.held)

    def report(self, point: dict[str, Any]) -> bool:
        return export_jobs.report(self.claim, point)

    def finish(self, ending: Ending) -> bool:
        outcome = {**ending.outcome, "seconds": round(ending.seconds, 3)}
        return export_jobs.finish(self.claim, ending.state, ending.reason, outcome)

    def release(self) -> None:
        jobs.release(self.claim.held)

"""The check of a catalogue entry as work."""

from __future__ import annotations

from typing import Any

from webapp.architectures.services import check_jobs
from webapp.architectures.services.check_jobs import CheckClaim
from webapp.datasets.services.materialise import materialise_data
from webapp.jobs import services as jobs
from webapp.runs.models import WorkerSlot
from webapp.runs.services.leases import Turn, Verdict

from .trainer_process import TrainerProcess
from .work import Ending, Work


class EntryCheckWork(Work):
    """Rebuild the network of an entry and compare it with what is known."""

    noun = "check"
    limit = "CANDIDATE_SECONDS"

    def __init__(self, claim: CheckClaim):
        self.claim = claim
        self.fence = claim.held.fence

    def __str__(self) -> str:
        return f"check of entry {self.claim.entry_id}"

    @staticmethod
    def turns(queues: list[str]) -> list[Turn]:
        """Return the next checks that wait in these queues."""
        return check_jobs.turns(queues)

    @staticmethod
    def task_of(turn: Turn) -> str:
        """Return the name of the Celery task that does the work of a turn."""
        return "check_entry"

    @classmethod
    def take(cls, slot: WorkerSlot, turn: Turn) -> EntryCheckWork | None:
        """Claim the check of a turn; None if it does not wait any more."""
        claim = check_jobs.claim_turn(slot, turn)
        return None if claim is None else cls(claim)

    def prepare(self) -> None:
        materialise_data(self.claim.request["dataset_config"])

    def start(self, trainer: TrainerProcess) -> None:
        trainer.request("inspect", **self.claim.request)

    def heartbeat(self) -> Verdict:
        return jobs.heartbeat(self.claim.held)

    def report(self, point: dict[str, Any]) -> bool:
        return jobs.report(self.claim.held, 0.5, str(point.get("step", "")))

    def finish(self, ending: Ending) -> bool:
        return check_jobs.finish(self.claim, ending.state, ending.reason, ending.outcome)

    def release(self) -> None:
        jobs.release(self.claim.held)

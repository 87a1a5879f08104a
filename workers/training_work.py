"""The training of one seed of an evaluation as work."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from webapp.common.checkpoints import remove_checkpoints
from webapp.datasets.services.materialise import materialise_data
from webapp.evaluations.services import training_jobs
from webapp.evaluations.services.training_jobs import TrainingClaim
from webapp.jobs import services as jobs
from webapp.runs.models import WorkerSlot
from webapp.runs.services.cards import RETURNED
from webapp.runs.services.leases import Turn, Verdict

from .trainer_process import TrainerProcess
from .work import Ending, Work


class TrainingWork(Work):
    """Train one network fully and store it."""

    noun = "training"
    limit = "TRAINING_SECONDS"

    def __init__(self, claim: TrainingClaim):
        self.claim = claim
        self.fence = claim.held.fence

    def __str__(self) -> str:
        return f"evaluation {self.claim.evaluation_id} seed {self.claim.seed}"

    @staticmethod
    def turns(queues: list[str]) -> list[Turn]:
        """Return the next trainings that wait in these queues."""
        return training_jobs.turns(queues)

    @staticmethod
    def task_of(turn: Turn) -> str:
        """Return the name of the Celery task that does the work of a turn."""
        return "finalize"

    @classmethod
    def take(cls, slot: WorkerSlot, turn: Turn) -> TrainingWork | None:
        """Claim the training of a turn; None if it does not wait any more."""
        claim = training_jobs.claim_turn(slot, turn)
        return None if claim is None else cls(claim)

    def prepare(self) -> None:
        materialise_data(self.claim.final["dataset_config"])

    def start(self, trainer: TrainerProcess) -> None:
        folder = self.claim.network
        progress = {"place": self.claim.progress, "seconds": settings.CHECKPOINT_SECONDS}
        trainer.request(
            "train",
            needs=self.claim.needs,
            final=self.claim.final,
            folder=folder,
            progress=progress,
            processes=settings.TRAINING_PROCESSES,
        )

    def heartbeat(self) -> Verdict:
        return jobs.heartbeat(self.claim.held)

    def report(self, point: dict[str, Any]) -> bool:
        return training_jobs.report(self.claim, point)

    def finish(self, ending: Ending) -> bool:
        if ending.state == RETURNED:
            return training_jobs.hand_back(self.claim, ending.reason)
        if ending.is_crash:
            if jobs.interrupted(self.claim.held, ending.reason):
                return True
            ending = ending.after_attempts()
        outcome = {"seconds": round(ending.seconds, 3), **ending.outcome}
        finished = training_jobs.finish(self.claim, ending.state, ending.reason, outcome)
        if finished:
            remove_checkpoints(self.claim.progress)
        return finished

    def release(self) -> None:
        jobs.release(self.claim.held)

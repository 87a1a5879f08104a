"""A job of a device's predictor as work."""

from __future__ import annotations

from typing import Any

from webapp.datasets.services.materialise import materialise_data
from webapp.jobs import services as jobs
from webapp.predictors.services import predictor_jobs
from webapp.predictors.services.predictor_jobs import PredictorClaim
from webapp.runs.models import WorkerSlot
from webapp.runs.services.leases import Turn, Verdict

from .trainer_process import TrainerProcess
from .work import Ending, Work


class PredictorWork(Work):
    """Choose networks that a device measures, export them, or fit its predictor."""

    noun = "predictor"
    limit = "CANDIDATE_SECONDS"
    is_watched = False  # a fit to many networks reports nothing for minutes

    def __init__(self, claim: PredictorClaim):
        self.claim = claim
        self.fence = claim.held.fence
        self._request: dict[str, Any] = {}

    def __str__(self) -> str:
        return self.claim.text

    @staticmethod
    def turns(queues: list[str]) -> list[Turn]:
        """Return the next jobs that wait in these queues."""
        return predictor_jobs.turns(queues)

    @staticmethod
    def task_of(turn: Turn) -> str:
        """Return the name of the Celery task that does the work of a turn."""
        return "predict_costs"

    @classmethod
    def take(cls, slot: WorkerSlot, turn: Turn) -> PredictorWork | None:
        """Claim the job of a turn; None if it does not wait any more."""
        claim = predictor_jobs.claim_turn(slot, turn)
        return None if claim is None else cls(claim)

    def prepare(self) -> None:
        self._request = self.claim.request()
        materialise_data(self._request["dataset_config"])

    def start(self, trainer: TrainerProcess) -> None:
        trainer.request("predictor", **self._request)

    def heartbeat(self) -> Verdict:
        return jobs.heartbeat(self.claim.held)

    def report(self, point: dict[str, Any]) -> bool:
        return predictor_jobs.report(self.claim, point)

    def finish(self, ending: Ending) -> bool:
        if ending.is_crash and jobs.interrupted(self.claim.held, ending.reason):
            return True
        return predictor_jobs.finish(self.claim, ending.state, ending.reason, ending.outcome)

    def release(self) -> None:
        jobs.release(self.claim.held)

"""The evaluation of a candidate of a run as work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from webapp.common.checkpoints import remove_checkpoints
from webapp.datasets.services.materialise import materialise_data
from webapp.runs.models import WorkerSlot
from webapp.runs.services import claims
from webapp.runs.services.cards import RETURNED
from webapp.runs.services.claims import Claim
from webapp.runs.services.leases import Turn, Verdict
from webapp.runs.services.loads import Sample, record_load
from webapp.tables.services.materialise import materialise_table

from .trainer_process import TrainerProcess
from .work import Ending, Work


class CandidateWork(Work):
    """Evaluate one candidate."""

    noun = "candidate"
    limit = "CANDIDATE_SECONDS"

    def __init__(self, claim: Claim):
        self.claim = claim
        self.fence = claim.fence
        # A candidate that lost its process may have killed it: it endangers no neighbours again.
        self.may_share = not claim.lost and _interleaves(claim)

    def __str__(self) -> str:
        return f"run {self.claim.run_id} candidate {self.claim.number}"

    @staticmethod
    def turns(queues: list[str]) -> list[Turn]:
        """Return the next candidates that wait in these queues."""
        return claims.turns(queues)

    @staticmethod
    def task_of(turn: Turn) -> str:
        """Return the name of the Celery task that does the work of a turn."""
        return "train_supernet" if turn.is_shared else "evaluate"

    @classmethod
    def take(cls, slot: WorkerSlot, turn: Turn) -> CandidateWork | None:
        """Claim the candidate of a turn; None if it does not wait any more."""
        claimed = claims.claim_turn(slot, turn)
        return None if claimed is None else cls(claimed)

    def prepare(self) -> None:
        materialise_table(self.claim.spec)
        materialise_data(self.claim.spec["dataset_config"])

    def start(self, trainer: TrainerProcess) -> None:
        claim = self.claim
        progress = {"place": claim.progress, "seconds": settings.CHECKPOINT_SECONDS}
        trainer.request(
            "evaluate",
            needs=claim.needs,
            spec=claim.spec,
            proposal=claim.proposal,
            weights=claim.weights,
            progress=progress,
            device_networks=str(settings.PARETOSCOPE_DEVICE_NETWORKS),
        )

    def heartbeat(self) -> Verdict:
        return claims.heartbeat(self.claim)

    def report(self, point: dict[str, Any]) -> bool:
        return claims.report(self.claim, point)

    def record_output(self, lines: list[str]) -> None:
        claims.record_output(self.claim, lines)

    def record_load(self, worker: str, sample: Sample) -> float:
        return record_load(self.claim.run_id, worker, sample)

    def finish(self, ending: Ending) -> bool:
        if ending.state == RETURNED:
            return claims.hand_back(self.claim, ending.reason)
        if ending.is_crash:
            if claims.interrupted(self.claim, ending.reason):
                return True
            ending = ending.after_attempts()
        if ending.digest and ending.digest != self.claim.data_digest:
            claims.record_data_digest(self.claim, ending.digest)
        prepared = ending.outcome.get("prepared")
        finished = claims.finish(self.claim, self._outcome(ending), prepared)
        if finished and ending.state != "paused":
            remove_checkpoints(self.claim.progress)
        return finished

    def release(self) -> None:
        claims.release_claim(self.claim)

    def _outcome(self, ending: Ending) -> Outcome:
        empty = {"measurements": [], **ending.outcome}
        raw = {**empty, "state": ending.state, "reason": ending.reason}
        outcome = read_outcome(self.claim.number, raw)
        if outcome.seconds is None:  # it was cancelled, or its process died
            outcome = replace(outcome, seconds=round(ending.seconds, 3))
        return outcome


def _interleaves(claim: Claim) -> bool:
    """Return whether the evaluation may take turns with others in one process."""
    try:
        estimator = catalog.load("estimators", claim.spec["estimator"])
    except EngineError:
        return False
    return bool(estimator.interleaves) and claim.proposal.get("task") != "share"


def read_outcome(number: int, raw: dict[str, Any]) -> Outcome:
    """Return the Outcome in a message of the trainer process.

    A measurement that is not finite makes the outcome "diverged"; the other measurements are kept.
    """
    kept, broken = [], []
    for value in raw["measurements"]:
        try:
            kept.append(Measurement.from_json(value))
        except ValueError as error:
            broken.append(str(error))
    state, reason = raw["state"], raw["reason"]
    if broken:
        state, reason = "diverged", reason or "; ".join(broken)
    known = {**raw, "number": number, "state": state, "reason": reason, "measurements": []}
    return replace(Outcome.from_json(known), measurements=tuple(kept))

"""The base of all one-shot searches: supernet epochs, one derivation, then retraining.

A search trains the space's supernet epoch by epoch, each epoch a proposal of task "share";
derives architectures in one more such proposal; and proposes those like any candidate, so that
only stand-alone training counts for best and front. In a recurrent space an LSTM with as many
parameters as the best cell is trained last. With `searches` above 1, further searches follow,
each with its own seed, as the papers select the best of four.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ....core.architecture import Architecture
from ....core.errors import EngineError, InvalidSettings
from ....core.outcome import Outcome
from ....core.proposal import Proposal
from ....core.seeds import derive
from ....core.strategy import Task
from ...common.proposal_tracker import ProposalTracker, check_version
from ...common.repeating import RepeatingStrategy
from .lstm_baseline import LSTMBaseline
from .progress import Derived, Progress
from .rank_correlation import RankCorrelation

if TYPE_CHECKING:
    from .config import SupernetConfig

VERSION = 1
MAX_ATTEMPTS = 3  # at one supernet proposal; a repeated failure is not bad luck


class SupernetSearch(RepeatingStrategy):
    """The ask-tell steps of a one-shot search; a method adds learning, stopping and derivation."""

    requires: ClassVar[frozenset[str]] = frozenset({"supernet"})
    view_kind = "sharing"
    config: SupernetConfig

    def __init__(self, config: SupernetConfig, task: Task):
        super().__init__(config, task)
        config.check(task.space)
        self._tracker = ProposalTracker(task)
        self._progress = Progress()
        self._queue: list[Derived] = []
        self._correlation = RankCorrelation(task.goals[0])
        self._lstm_baseline = LSTMBaseline(task)
        self._message = ""  # shown on the page: why the search stopped or what failed
        if self._cost > task.candidates:
            raise InvalidSettings(
                {
                    "candidates": f"must be at least {self._cost} (got {task.candidates}): "
                    f"{config.epochs} supernet epochs, 1 derivation and {self._retrained} "
                    "stand-alone trainings; raise it, or lower strategy_config.epochs"
                }
            )
        self._reset()

    def ask(self) -> Proposal | None:
        if self._queue:
            derived = self._queue.pop(0)
            note = {"search": self._progress.index, "shared": derived.shared}
            return self._tracker.propose(derived.architecture, origin=derived.origin, note=note)
        if self._supernet_in_flight or self.finished:
            return None
        self._advance()
        return None if self._progress.phase in ("proof", "over") else self._propose_training()

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        if proposal.task == "share":
            self._record_training(proposal, outcome)
        elif outcome.state == "done":
            self._correlation.add(proposal, outcome.values)
            self._lstm_baseline.add(proposal, outcome.values)

    @property
    def finished(self) -> bool:
        last = self._progress.index + 1 >= self.config.searches
        affordable = self._tracker.proposed + self._cost <= self.task.candidates
        return self._search_over and (last or not affordable)

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "progress": self._progress.to_json(),
            "queue": [derived.to_json() for derived in self._queue],
            "agreement": self._correlation.to_json(),
            "rivalry": self._lstm_baseline.to_json(),
            "said": self._message,
            "own": self._method_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._progress = Progress.from_json(state["progress"])
        self._queue = [Derived.from_json(value) for value in state["queue"]]
        self._correlation = RankCorrelation.from_json(self.task.goals[0], state["agreement"])
        self._lstm_baseline = LSTMBaseline.from_json(self.task, state["rivalry"])
        self._message = state["said"]
        self._load_method_state(state["own"])

    def view(self) -> dict[str, Any]:
        """Return progress, message, rank correlation, LSTM baseline and the method's history."""
        progress = self._progress
        return {
            "search": progress.index,
            "searches": self.config.searches,
            "epoch": progress.epoch,
            "epochs": self.config.epochs,
            "phase": progress.phase,
            "said": self._message,
            **self._method_view(),
            **self._correlation.view(),
            "rival": self._lstm_baseline.view(),
        }

    @property
    @abstractmethod
    def _derived_count(self) -> int:
        """The number of architectures that one search derives and retrains from scratch."""

    @abstractmethod
    def _reset(self) -> None:
        """Clear everything learned, at the start of a search."""

    @abstractmethod
    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        """Record the findings of a supernet epoch.

        Raises:
            EngineError, KeyError, TypeError, ValueError: the findings are malformed.
        """

    @abstractmethod
    def _derive(self, findings: dict[str, Any] | None) -> Sequence[Derived]:
        """Return the architectures to retrain; `findings` is None if the derivation failed.

        Raises:
            EngineError, KeyError, TypeError, ValueError: the findings are malformed.
        """

    @abstractmethod
    def _method_state(self) -> dict[str, Any]: ...

    @abstractmethod
    def _load_method_state(self, state: dict[str, Any]) -> None: ...

    @abstractmethod
    def _method_view(self) -> dict[str, Any]: ...

    def _should_stop(self) -> bool:
        """Return whether the search ends early, after the epoch just recorded."""
        return False

    def _supernet_architecture(self) -> Architecture:
        return self.task.space.supernet()

    def _phase_note(self, phase: str) -> dict[str, Any]:
        """Return further entries of a supernet proposal's note, e.g. architectures to score."""
        return {}

    @property
    def _cost(self) -> int:
        """Proposals of one whole search."""
        return int(self.config.epochs) + 1 + self._retrained

    @property
    def _retrained(self) -> int:
        """Stand-alone trainings of one search, including the LSTM baseline."""
        return self._derived_count + int(self._lstm_baseline.wanted)

    @property
    def _search_over(self) -> bool:
        """Whether this search has nothing more to propose, whatever is in flight."""
        phase = self._progress.phase
        last_phase = phase == "over" or (phase == "proof" and not self._lstm_baseline.wanted)
        return last_phase and not self._queue

    def _advance(self) -> None:
        """Go to the next search if this one is over, or from retraining to the LSTM baseline."""
        if self._search_over:
            self._progress = Progress(self._progress.index + 1)
            self._lstm_baseline = LSTMBaseline(self.task)
            self._reset()
        elif self._progress.phase == "proof" and not self._tracker.pending:
            self._progress.phase = "rival" if self._lstm_baseline.best else "over"
            if self._search_over and not self.finished:
                self._advance()

    @property
    def _supernet_in_flight(self) -> bool:
        return any(proposal.task == "share" for proposal in self._tracker.pending.values())

    def _propose_training(self) -> Proposal:
        """Propose the present phase: a supernet epoch, the derivation, or the LSTM baseline.

        The note says what the trainer does: "do" is the phase, "from" the proposal whose
        checkpoint it continues from, and "spent" the one whose checkpoint is no longer needed.
        """
        progress = self._progress
        trained = progress.trained
        note = {
            "do": progress.phase,
            "search": progress.index,
            "seed": derive(self.task.seed, "sharing", progress.index),
            "epoch": progress.epoch,
            "epochs": self.config.epochs,
            "from": trained[-1] if trained else None,
            "spent": trained[-2] if len(trained) > 1 else None,
            **self._phase_note(progress.phase),
        }
        architecture = self._supernet_architecture()
        if progress.phase == "rival" and self._lstm_baseline.best:
            architecture = self._lstm_baseline.best
        return self._tracker.propose(architecture, origin="shared", note=note, task="share")

    def _record_training(self, proposal: Proposal, outcome: Outcome) -> None:
        """Record the outcome of a supernet proposal; retry a failure, or end the phase."""
        progress = self._progress
        fault = outcome.reason or f"ended as {outcome.state}"
        if outcome.state == "trained":
            fault = self._record_findings(proposal, outcome.findings)
        if not fault:
            progress.attempts = 0
            return
        progress.attempts += 1
        # Divergence is deterministic: another attempt with the same seed would diverge again.
        if outcome.state != "diverged" and progress.attempts < MAX_ATTEMPTS:
            return
        progress.attempts = 0
        step = {
            "epoch": f"Supernet epoch {progress.epoch + 1}",
            "derive": "Derivation",
            "rival": "LSTM baseline",
        }
        self._message = f"{step[progress.phase]}: {fault}"
        if progress.phase == "rival":
            progress.phase = "over"
        elif progress.phase == "epoch" and progress.trained:
            progress.phase = "derive"  # from the last good checkpoint
        else:
            self._retrain(self._derive(None) if progress.trained else ())

    def _record_findings(self, proposal: Proposal, findings: dict[str, Any]) -> str:
        """Record findings and go to the next step; return the fault, "" if there is none."""
        progress = self._progress
        try:
            if progress.phase == "epoch":
                self._learn(progress.epoch, findings)
                progress.trained = [*progress.trained, proposal.number][-2:]
                progress.epoch += 1
                if progress.epoch >= self.config.epochs or self._should_stop():
                    progress.phase = "derive"
            elif progress.phase == "derive":
                self._retrain(self._derive(findings))
            else:
                self._lstm_baseline.record(findings)
                progress.phase = "over"
        except (EngineError, KeyError, TypeError, ValueError) as error:
            return f"its findings are malformed: {type(error).__name__}: {error}"[:300]
        return ""

    def _retrain(self, derived: Sequence[Derived]) -> None:
        """Queue derived architectures for stand-alone training; without any the search is over."""
        self._queue += derived
        self._progress.phase = "proof" if derived else "over"

"""What all searches with shared weights have in common: epochs, one derivation, then proof alone.

A search trains the space's shared network epoch by epoch, each a proposal of task "share" of its
own; derives architectures in one more; and asks for these like any candidate, so that what
counts is measured on networks trained alone. Of text an LSTM as large as the best of them is
trained beside them. With `searches` above 1 another one follows with a
seed of its own, as the papers select among four.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ....core.architecture import Architecture
from ....core.errors import EngineError, InvalidSettings
from ....core.outcome import Outcome
from ....core.proposal import Proposal
from ....core.seeds import derive
from ....core.strategy import Strategy, Task
from ...common.proposal_tracker import ProposalTracker, check_version
from .lstm_baseline import LSTMBaseline
from .progress import Derived, Progress
from .rank_correlation import RankCorrelation

VERSION = 1
WAITING = ("proof", "over")
TRIES = 3  # of one epoch; what fails so often fails for a reason


class SharedSearch(Strategy):
    """The fold over epochs; a method says what it learns, when it stops and what it derives."""

    requires: ClassVar[frozenset[str]] = frozenset({"supernet"})
    view_kind = "sharing"
    config: Any

    def __init__(self, config: Any, task: Task):
        super().__init__(config, task)
        self._ledger = ProposalTracker(task.seed)
        self._progress = Progress()
        self._queue: list[Derived] = []
        self._agreement = RankCorrelation(task.goals[0])
        self._rivalry = LSTMBaseline(task)
        self._said = ""  # what people should know, beside all numbers
        if self._cost > task.candidates:
            raise InvalidSettings(
                {
                    "candidates": f"{task.candidates} are too few: {config.epochs} epochs of the "
                    f"shared network, one derivation and {self._trained_alone} trained alone are "
                    f"{self._cost}; allow as many, or lower strategy_config.epochs"
                }
            )
        self._begin()

    def ask(self) -> Proposal | None:
        if self._queue:
            one = self._queue.pop(0)
            note = {"search": self._progress.index, "shared": one.shared}
            return self._ledger.issue(one.architecture, origin=one.origin, note=note)
        if self._sharing or self.finished:
            return None
        self._go_on()
        return None if self._progress.phase in WAITING else self._share()

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        if proposal.task == "share":
            self._told_shared(proposal, outcome)
        elif outcome.state == "done":
            self._agreement.add(proposal, outcome.values)
            self._rivalry.add(proposal, outcome.values)

    @property
    def finished(self) -> bool:
        last = self._progress.index + 1 >= self.config.searches
        return self._over and (last or self._ledger.asked + self._cost > self.task.candidates)

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "progress": self._progress.to_json(),
            "queue": [one.to_json() for one in self._queue],
            "agreement": self._agreement.to_json(),
            "rivalry": self._rivalry.to_json(),
            "said": self._said,
            "own": self._own_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._progress = Progress(**state["progress"])
        self._progress.trained = list(self._progress.trained)
        self._queue = [Derived.from_json(value) for value in state["queue"]]
        self._agreement = RankCorrelation.from_json(self.task.goals[0], state["agreement"])
        self._rivalry = LSTMBaseline.from_json(self.task, state["rivalry"])
        self._said = state["said"]
        self._load_own(state["own"])

    def view(self) -> dict[str, Any]:
        progress = self._progress
        return {
            "search": progress.index,
            "searches": self.config.searches,
            "epoch": progress.epoch,
            "epochs": self.config.epochs,
            "phase": progress.phase,
            "said": self._said,
            **self._own_view(),
            **self._agreement.view(),
            "rival": self._rivalry.view(),
        }

    @property
    @abstractmethod
    def _proofs(self) -> int:
        """Networks trained alone at the end of one search."""

    @abstractmethod
    def _begin(self) -> None:
        """A search begins: nothing is learned yet."""

    @abstractmethod
    def _learn(self, epoch: int, findings: dict[str, Any]) -> None:
        """Takes what an epoch found.

        Raises:
            EngineError, KeyError, TypeError, ValueError: it is not what it should be.
        """

    @abstractmethod
    def _derived(self, findings: dict[str, Any] | None) -> Sequence[Derived]:
        """What shall be trained alone; None: the derivation failed. Raises as `_learn`."""

    @abstractmethod
    def _own_state(self) -> dict[str, Any]: ...

    @abstractmethod
    def _load_own(self, state: dict[str, Any]) -> None: ...

    @abstractmethod
    def _own_view(self) -> dict[str, Any]: ...

    def _stops(self) -> bool:
        """Whether the search shall end after the epoch just learned, before its time."""
        return False

    def _shared_architecture(self) -> Architecture:
        return self.task.space.supernet()

    def _asks_for(self, phase: str) -> dict[str, Any]:
        """What the trainer must know besides, e.g. which architectures to score."""
        return {}

    @property
    def _cost(self) -> int:
        """Proposals of a whole search."""
        return int(self.config.epochs) + 1 + self._trained_alone

    @property
    def _trained_alone(self) -> int:
        return self._proofs + int(self._rivalry.wanted)

    @property
    def _over(self) -> bool:
        """Whether this search asks for nothing more, whatever is still in flight."""
        phase = self._progress.phase
        proved = phase == "proof" and not self._rivalry.wanted
        return not self._queue and (phase == "over" or proved)

    def _go_on(self) -> None:
        """To the next phase, or the next search, where this one is through."""
        if self._over:
            self._progress = Progress(self._progress.index + 1)
            self._rivalry = LSTMBaseline(self.task)
            self._begin()
        elif self._progress.phase == "proof" and not self._ledger.pending:
            self._progress.phase = "rival" if self._rivalry.best else "over"
            if self._over and not self.finished:
                self._go_on()

    @property
    def _sharing(self) -> bool:
        return any(one.task == "share" for one in self._ledger.pending.values())

    def _share(self) -> Proposal:
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
            **self._asks_for(progress.phase),
        }
        architecture = self._shared_architecture()
        if progress.phase == "rival" and self._rivalry.best:
            architecture = self._rivalry.best
        return self._ledger.issue(architecture, origin="shared", note=note, task="share")

    def _told_shared(self, proposal: Proposal, outcome: Outcome) -> None:
        progress = self._progress
        fault = outcome.reason or f"ended as {outcome.state}"
        if outcome.state == "trained":
            fault = self._taken(proposal, outcome.findings)
        if not fault:
            progress.tries = 0
            return
        progress.tries += 1
        if outcome.state != "diverged" and progress.tries < TRIES:
            return
        progress.tries = 0
        what = {
            "epoch": f"Epoch {progress.epoch + 1} of the shared network",
            "derive": "The derivation",
            "rival": "The rival",
        }
        self._said = f"{what[progress.phase]}: {fault}"
        if progress.phase == "rival":
            progress.phase = "over"
        elif progress.phase == "epoch" and progress.trained:
            progress.phase = "derive"
        else:
            self._end(self._derived(None) if progress.trained else ())

    def _taken(self, proposal: Proposal, findings: dict[str, Any]) -> str:
        """Takes what was found; why that could not be done, empty where it could."""
        progress = self._progress
        try:
            if progress.phase == "epoch":
                self._learn(progress.epoch, findings)
                progress.trained = [*progress.trained, proposal.number][-2:]
                progress.epoch += 1
                if progress.epoch >= self.config.epochs or self._stops():
                    progress.phase = "derive"
            elif progress.phase == "derive":
                self._end(self._derived(findings))
            else:
                self._rivalry.take(findings)
                progress.phase = "over"
        except (EngineError, KeyError, TypeError, ValueError) as error:
            return f"what it found cannot be understood: {type(error).__name__}: {error}"[:300]
        return ""

    def _end(self, derived: Sequence[Derived]) -> None:
        self._queue += derived
        self._progress.phase = "proof" if derived else "over"

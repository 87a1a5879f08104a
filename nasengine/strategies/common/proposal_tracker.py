"""The bookkeeping of every strategy: random generator, numbering, proposals in flight, seen set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ...core.architecture import Architecture
from ...core.errors import EngineError
from ...core.outcome import Outcome
from ...core.proposal import Proposal, ProposalTask
from ...core.seeds import generator
from ...core.strategy import Task
from .feasibility import FeasibilityModel
from .seen import SeenArchitectures

Draft = TypeVar("Draft")


class ProposalTracker:
    """Numbers proposals from 0 and keeps each one until its outcome is recorded.

    `rng` is the only generator that a strategy draws proposals from, `seen` holds every
    architecture proposed so far, `feasibility` predicts cheap costs, and `pending` maps numbers
    to the proposals in flight.
    """

    def __init__(self, task: Task):
        self._space = task.space
        self.rng = generator(task.seed, "strategy")
        self.seen = SeenArchitectures()
        self.feasibility = FeasibilityModel(task.space, task.constraints)
        self.proposed = 0
        self.pending: dict[int, Proposal] = {}

    def sample_unseen(self, max_resamples: int) -> Architecture:
        """Sample from the space until the architecture is unseen, at most `max_resamples` times.

        The last sample is returned even if it has been seen, so that a small space cannot
        block a search.
        """
        for _ in range(max_resamples):
            architecture = self._space.sample(self.rng)
            if architecture not in self.seen:
                break
        return architecture

    def sample_promising(self, max_samples: int) -> Architecture:
        """Sample at most `max_samples` architectures and `choose` one."""
        samples = (self._space.sample(self.rng) for _ in range(max_samples))
        return self.choose(samples, lambda architecture: architecture)

    def choose(self, drafts: Iterable[Draft], of: Callable[[Draft], Architecture]) -> Draft:
        """Return the first draft that is unseen and predicted to meet the constraints.

        If none is, return the unseen draft with the smallest predicted violation, or else the
        last draft, so that a small space cannot block a search.

        Args:
            drafts: At least one; drawn one by one, no further than necessary.
            of: Returns the architecture of a draft.
        """
        least: tuple[float, Draft] | None = None
        for draft in drafts:
            architecture = of(draft)
            if architecture in self.seen:
                continue
            excess = self.feasibility.violation(architecture)
            if not excess:
                return draft
            if least is None or excess < least[0]:
                least = excess, draft
        return draft if least is None else least[1]

    def propose_random(self, max_resamples: int) -> Proposal:
        """Propose an architecture drawn by `sample_unseen`."""
        return self.propose(self.sample_unseen(max_resamples))

    def propose(
        self,
        architecture: Architecture,
        parents: tuple[int, ...] = (),
        origin: str = "random",
        note: dict[str, Any] | None = None,
        task: ProposalTask = "evaluate",
        *,
        screen: dict[str, Any] | None = None,
    ) -> Proposal:
        """Create the next proposal; it is in flight from now on.

        One with a `screen` is only estimated, so its architecture can still be proposed.
        """
        proposal = Proposal(
            self.proposed, architecture, parents, origin, note or {}, task, screen=screen or {}
        )
        self.pending[proposal.number] = proposal
        if not screen:
            self.seen.add(architecture)
        self.proposed += 1
        return proposal

    def record(self, outcome: Outcome) -> Proposal:
        """Return the proposal that ended and take it out of `pending`.

        Raises:
            EngineError: no proposal has this number, or its outcome was recorded before.
        """
        if outcome.number not in self.pending:
            proposed = isinstance(outcome.number, int) and 0 <= outcome.number < self.proposed
            fault = "was already told" if proposed else "was never asked"
            raise EngineError(f"proposal {outcome.number} {fault}: tell each asked proposal once")
        proposal = self.pending.pop(outcome.number)
        if proposal.task == "evaluate":
            self.feasibility.record(proposal.architecture, outcome)
        return proposal

    def state_dict(self) -> dict[str, Any]:
        """Return generator, seen architectures and proposals in flight as JSON.

        The state of the feasibility model is added once it has learned something.
        """
        learned = self.feasibility.state_dict()
        return {
            "rng": self.rng.bit_generator.state,
            "known": self.seen.to_text(),
            "asked": self.proposed,
            "pending": [proposal.to_json() for proposal in self.pending.values()],
            **({"feasibility": learned} if learned else {}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.rng.bit_generator.state = state["rng"]
        self.seen = SeenArchitectures.from_text(state["known"])
        self.proposed = state["asked"]
        proposals = [Proposal.from_json(value) for value in state["pending"]]
        self.pending = {proposal.number: proposal for proposal in proposals}
        self.feasibility.load_state_dict(state.get("feasibility", {}))


def check_version(state: dict[str, Any], newest: int, name: str) -> int:
    """Return the version of a saved state.

    Args:
        state: what `Strategy.state_dict` returned, possibly in an older release.
        newest: the newest version that this release writes.
        name: the strategy's catalogue name, for the message.

    Raises:
        EngineError: this release cannot read the version.
    """
    version = state.get("version") if isinstance(state, dict) else None
    if not isinstance(version, int) or not 1 <= version <= newest:
        raise EngineError(
            f"the state of strategy {name} has version {str(version)[:20]!r}, which cannot be "
            f"read: this release reads versions 1 to {newest}; use the release that wrote it, or "
            "a newer one"
        )
    return version

"""The bookkeeping of every strategy: random generator, numbering, proposals in flight, seen set."""

from __future__ import annotations

from typing import Any

from ...core.architecture import Architecture
from ...core.errors import EngineError
from ...core.outcome import Outcome
from ...core.proposal import Proposal, ProposalTask
from ...core.seeds import generator
from ...core.strategy import Task
from .seen import SeenArchitectures


class ProposalTracker:
    """Numbers proposals from 0 and keeps each one until its outcome is recorded.

    `rng` is the only generator that a strategy draws proposals from, `seen` holds every
    architecture proposed so far, and `pending` maps numbers to the proposals in flight.
    """

    def __init__(self, task: Task):
        self._space = task.space
        self.rng = generator(task.seed, "strategy")
        self.seen = SeenArchitectures()
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
    ) -> Proposal:
        """Create the next proposal; it is in flight from now on."""
        proposal = Proposal(self.proposed, architecture, parents, origin, note or {}, task)
        self.pending[proposal.number] = proposal
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
        return self.pending.pop(outcome.number)

    def state_dict(self) -> dict[str, Any]:
        """Return generator, seen architectures and proposals in flight as JSON."""
        return {
            "rng": self.rng.bit_generator.state,
            "known": self.seen.to_text(),
            "asked": self.proposed,
            "pending": [proposal.to_json() for proposal in self.pending.values()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.rng.bit_generator.state = state["rng"]
        self.seen = SeenArchitectures.from_text(state["known"])
        self.proposed = state["asked"]
        proposals = [Proposal.from_json(value) for value in state["pending"]]
        self.pending = {proposal.number: proposal for proposal in proposals}


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

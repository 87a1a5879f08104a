"""The book a strategy keeps: its generator, its numbers, what is in flight, what was seen."""

from __future__ import annotations

from typing import Any

from ...core.architecture import Architecture
from ...core.errors import EngineError
from ...core.outcome import Outcome
from ...core.proposal import Proposal, ProposalTask
from ...core.seeds import generator
from ...core.space import Space
from .seen import SeenArchitectures


class ProposalTracker:
    """Numbers proposals from 0 and keeps each until it is told.

    `rng` is the one Generator of its strategy.
    """

    def __init__(self, seed: int):
        self.rng = generator(seed, "strategy")
        self.known = SeenArchitectures()
        self.asked = 0
        self.pending: dict[int, Proposal] = {}

    def fresh(self, space: Space, tries: int) -> Architecture:
        """A random architecture, drawn again up to `tries` times until it is new."""
        for _ in range(tries):
            architecture = space.sample(self.rng)
            if architecture not in self.known:
                break
        return architecture

    def issue(
        self,
        architecture: Architecture,
        parents: tuple[int, ...] = (),
        origin: str = "random",
        note: dict[str, Any] | None = None,
        task: ProposalTask = "evaluate",
    ) -> Proposal:
        """The next proposal, from now on in flight."""
        proposal = Proposal(self.asked, architecture, parents, origin, note or {}, task)
        self.pending[proposal.number] = proposal
        self.known.add(architecture)
        self.asked += 1
        return proposal

    def settle(self, outcome: Outcome) -> Proposal:
        """The proposal that ended, no longer in flight.

        Raises:
            EngineError: its number was never asked or is already told.
        """
        if outcome.number not in self.pending:
            asked = isinstance(outcome.number, int) and 0 <= outcome.number < self.asked
            fault = "is already told" if asked else "was never asked"
            raise EngineError(f"proposal {outcome.number} {fault}: tell each asked one once")
        return self.pending.pop(outcome.number)

    def state_dict(self) -> dict[str, Any]:
        return {
            "rng": self.rng.bit_generator.state,
            "known": self.known.to_text(),
            "asked": self.asked,
            "pending": [proposal.to_json() for proposal in self.pending.values()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rng.bit_generator.state = state["rng"]
        self.known = SeenArchitectures.from_text(state["known"])
        self.asked = state["asked"]
        proposals = [Proposal.from_json(value) for value in state["pending"]]
        self.pending = {proposal.number: proposal for proposal in proposals}


def check_version(state: dict[str, Any], newest: int, name: str) -> int:
    """The version of a saved state.

    Raises:
        EngineError: it is none that this program can read.
    """
    version = state.get("version") if isinstance(state, dict) else None
    if not isinstance(version, int) or not 1 <= version <= newest:
        raise EngineError(
            f"a state of {name} in version {str(version)[:20]!r} cannot be read: "
            f"this program reads 1 to {newest}; use the program that wrote it, or a newer one"
        )
    return version

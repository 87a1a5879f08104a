"""The evaluations of an earlier run, over which a continued search is replayed."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.errors import EngineError
from ..core.outcome import Outcome
from ..core.proposal import Proposal

History = Iterable[tuple[Proposal, Outcome]]


class Past:
    """Outcomes by candidate, its parts in turn.

    A candidate that was stopped early has an outcome for each part, and one that the search derived
    from them. The derived one is not replayed: the training may go on in a longer search.
    """

    def __init__(self, history: History):
        self._proposals: dict[int, Proposal] = {}
        self._outcomes: dict[int, list[Outcome]] = {}
        self._stopped: set[int] = set()
        for proposal, outcome in history:
            self._proposals[proposal.number] = proposal
            if outcome.state == "stopped":
                self._stopped.add(outcome.number)
            else:
                self._outcomes.setdefault(outcome.number, []).append(outcome)
        for outcomes in self._outcomes.values():
            outcomes.sort(key=_position)

    def __contains__(self, number: int) -> bool:
        return number in self._proposals

    def __len__(self) -> int:
        return len(self._proposals)

    def check(self, proposal: Proposal) -> None:
        """Check that the search proposes what it proposed before.

        Raises:
            EngineError: the architecture of this number is another one.
        """
        past = self._proposals.get(proposal.number)
        if past is not None and past.architecture != proposal.architecture:
            raise EngineError(
                f"candidate {proposal.number} of the history has another architecture than this "
                "search proposes: the history was made with other settings or another version"
            )

    def has_stopped(self, number: int) -> bool:
        """Return whether the candidate was stopped early before."""
        return number in self._stopped

    def has_outcome(self, number: int) -> bool:
        """Return whether the next part of the candidate has ended before."""
        return bool(self._outcomes.get(number))

    def take(self, number: int) -> Outcome | None:
        """Return the outcome of the candidate's next part; None if it has to be evaluated."""
        return self._outcomes[number].pop(0) if self.has_outcome(number) else None


def _position(outcome: Outcome) -> tuple[bool, int]:
    """Return the key by which the parts of one training are in turn."""
    reached = outcome.training.reached if outcome.training is not None else 0
    return outcome.state != "paused", reached

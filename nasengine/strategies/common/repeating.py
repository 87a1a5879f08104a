"""Repeating a failed proposal: the same for every strategy that tracks its proposals."""

from __future__ import annotations

from ...core.proposal import Proposal
from ...core.strategy import Strategy
from .proposal_tracker import ProposalTracker


class RepeatingStrategy(Strategy):
    """A strategy that learns from a repeated proposal as from any other.

    The repetition keeps parents, origin and note, so that estimators treat it as the original. The
    strategy learns from the failure and from the repetition: it is an extra evaluation.
    """

    _tracker: ProposalTracker

    def repeat(self, proposal: Proposal) -> Proposal:
        return self._tracker.propose(
            proposal.architecture, proposal.parents, proposal.origin, proposal.note
        )

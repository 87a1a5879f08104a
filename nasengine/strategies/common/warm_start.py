"""Warm start by a proxy: random architectures are scored by workers, the best are trained first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ...catalog import load
from ...core.architecture import Architecture
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.proxy import ProxyEnsemble
from .proposal_tracker import ProposalTracker

WORST = -1e300  # of an architecture whose evaluation failed


class WarmStart:
    """The scores of the architectures among which a strategy chooses its first candidates.

    Each is proposed with a filter that only asks for its score: it ends as pruned, does not count
    towards the budget, and may be proposed again.
    """

    def __init__(self, proxy: str):
        self.proxy = proxy
        self._left: list[Architecture] = []
        self._waiting: dict[int, Architecture] = {}
        self._scored: list[tuple[Architecture, list[float]]] = []

    @property
    def is_open(self) -> bool:
        """Whether scores are missing."""
        return bool(self._left or self._waiting)

    def begin(self, architectures: Iterable[Architecture]) -> None:
        """Score these architectures."""
        self._left = list(architectures)

    def propose(self, tracker: ProposalTracker) -> Proposal | None:
        """Propose the next architecture for its score; None if the rest is in flight."""
        if not self._left:
            return None
        screen = {"proxy": self.proxy, "estimate": True}
        proposal = tracker.propose(self._left.pop(0), (), "estimate", screen=screen)
        self._waiting[proposal.number] = proposal.architecture
        return proposal

    def take(self, outcome: Outcome) -> bool:
        """Record the score of a proposal of `propose`; return False for any other."""
        if outcome.number not in self._waiting:
            return False
        scores = [outcome.values.get(name, WORST) for name in self._names]
        finite = [float(f"{score:.9g}") if math.isfinite(score) else WORST for score in scores]
        self._scored.append((self._waiting.pop(outcome.number), finite))
        return True

    def ranked(self) -> list[tuple[Architecture, float]]:
        """Return architectures with their scores, the best first; they are then forgotten here."""
        proxy = load("proxies", self.proxy)()
        columns = list(zip(*(scores for _, scores in self._scored), strict=True))
        if isinstance(proxy, ProxyEnsemble):
            ranked = proxy.combined(dict(zip(self._names, columns, strict=True)))
        else:
            ranked = list(columns[0])
        order = sorted(range(len(ranked)), key=lambda index: (-ranked[index], index))
        found = [(self._scored[index][0], ranked[index]) for index in order]
        self._scored = []
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue, as JSON; {} if no score is missing."""
        if not self.is_open:
            return {}
        return {
            "left": [architecture.to_json() for architecture in self._left],
            "waiting": [
                [number, architecture.to_json()] for number, architecture in self._waiting.items()
            ],
            "scored": [[architecture.to_json(), scores] for architecture, scores in self._scored],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        read = Architecture.from_json
        self._left = [read(row) for row in state.get("left", [])]
        self._waiting = {number: read(row) for number, row in state.get("waiting", [])}
        self._scored = [(read(row), list(scores)) for row, scores in state.get("scored", [])]

    @property
    def _names(self) -> tuple[str, ...]:
        return load("proxies", self.proxy).parts or (self.proxy,)

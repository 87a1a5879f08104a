"""The budget of a search: what counts towards it, and when it is used up.

`SearchSpec.candidates` counts evaluated candidates. A candidate that violates a constraint on a
cost is not trained and does not count, so that a tight constraint does not use up the budget.
`SearchSpec.proposals_per_candidate` bounds the proposals instead, so that a search ends even if
it never finds a feasible architecture.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.errors import InvalidSettings
from ..core.outcome import Outcome, OutcomeState
from ..core.proposal import Proposal
from ..core.search_spec import LIMITS, SearchSpec


def is_pruned(state: OutcomeState | str) -> bool:
    """Return whether a candidate that ended like this does not count towards the budget."""
    return state == "pruned"


def count_pruned(states: Iterable[OutcomeState | str]) -> int:
    """Return how many of these ended candidates do not count towards the budget."""
    return sum(map(is_pruned, states))


def count_evaluated(history: Iterable[tuple[Proposal, Outcome]]) -> int:
    """Return how many ended candidates of a history count towards the budget."""
    return sum(outcome.state not in ("paused", "pruned") for _, outcome in history)


def smallest_budget(spec: SearchSpec, proposed: int, pruned: int) -> int:
    """Return the smallest number of candidates that the proposals so far fit into."""
    return max(proposed - pruned, -(-proposed // spec.proposals_per_candidate), 1)


def max_proposals(spec: SearchSpec) -> int:
    """Return the bound on proposals."""
    return spec.candidates * spec.proposals_per_candidate


def is_used_up(spec: SearchSpec, proposed: int, pruned: int) -> bool:
    """Return whether nothing more may be proposed.

    Args:
        spec: The search settings.
        proposed: Proposals so far, in flight or ended.
        pruned: Those of them that ended without counting towards the budget.
    """
    return proposed - pruned >= spec.candidates or proposed >= max_proposals(spec)


def refuse_limits(spec: SearchSpec) -> None:
    """Refuse limits of time and energy: only the workbench knows what all its workers have used.

    Raises:
        InvalidSettings: names each limit that is set.
    """
    text = "is kept by the workbench, not by a search of this process: set it to 0"
    if set_here := {name: text for name in LIMITS if getattr(spec, name)}:
        raise InvalidSettings(set_here)


def end_reason(spec: SearchSpec, proposed: int, pruned: int) -> str:
    """Return why a search with a used-up budget ended early; "" if all candidates were evaluated.

    The search has no candidates in flight.
    """
    evaluated = proposed - pruned
    if evaluated >= spec.candidates or not is_used_up(spec, proposed, pruned):
        return ""
    return (
        f"only {evaluated} of {spec.candidates} candidates were evaluated: {pruned} of {proposed} "
        "proposals violated a constraint; loosen the constraints, or raise "
        f"proposals_per_candidate above {spec.proposals_per_candidate}"
    )

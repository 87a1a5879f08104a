"""The present code that the tests of this folder call, by its present names.

Only what a saved state, a run file or a database needs: when something is renamed, this is the
one file here to change.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution.evaluation import evaluate
from nasengine.execution.weight_store import FolderWeightStore
from webapp.runs.models import Candidate
from webapp.runs.services import claims, control, reaper, slots
from webapp.runs.services.advance import advance_run


def checked(spec: dict[str, Any]) -> dict[str, Any]:
    """Return stored search settings as they are after a check, written out in full."""
    return assembly.check(SearchSpec.from_json(spec)).to_json()


def strategy_of(spec: dict[str, Any], state: dict[str, Any]) -> Any:
    """Return the strategy of stored search settings with a stored state."""
    strategy = assembly.make_strategy(SearchSpec.from_json(spec))
    strategy.load_state_dict(state)
    return strategy


def ask(strategy: Any) -> dict[str, Any] | None:
    """Return the next proposal as the samples hold it: the architecture by its id."""
    proposal = strategy.ask()
    if proposal is None:
        return None
    return {**proposal.to_json(), "architecture": proposal.architecture.id}


def tell(strategy: Any, outcome: dict[str, Any]) -> None:
    """Report a stored outcome to a strategy."""
    strategy.tell(Outcome.from_json(outcome))


def reap() -> None:
    """Free what workers held whose lease is over."""
    reaper.reap()


def advance(run_id: Any) -> None:
    """Advance a run as far as it goes without a worker."""
    while advance_run(int(run_id)):
        pass


def resume(run: Any) -> None:
    """Resume a paused run, as the command line would."""
    control.resume(run, None)


def claim_and_train(run: Any) -> bool:
    """Claim the run's next waiting candidate, train it, store its outcome; False: none waits."""
    others = Candidate.objects.exclude(run=run).filter(queue="cpu")
    others.update(queue="no worker serves it")
    slot = slots.register("worker", "evaluation", ["cpu"], {})
    held = claims.claim(slot, ["cpu"])
    if held is None:
        return False
    outcome = evaluate(
        SearchSpec.from_json(held.spec),
        Proposal.from_json(held.proposal),
        lambda point: claims.report(held, point),
        lambda: False,
        FolderWeightStore(Path(held.weights)),
    )
    return claims.finish(held, outcome)

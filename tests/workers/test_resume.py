"""A candidate whose worker is killed or stopped continues on another worker at its epoch."""

from __future__ import annotations

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from webapp.events.models import Event

from ..fixtures.fleet import results
from ..fixtures.workbench import WAIT_SECONDS

EPOCHS = 25
OFTEN = {"CHECKPOINT_SECONDS": "0.001"}  # after every epoch
NEVER = {"CHECKPOINT_SECONDS": "1000"}  # so only as the last act of a stopped worker


def training(fleet, min_kept: int):
    """Return a new run once its candidate is training, with so many epochs in its checkpoint."""
    run = fleet.launch(EPOCHS, candidates=1)
    fleet.wait_training(run)
    fleet.until(run.candidates.filter(kept_epochs__gte=min_kept).exists)
    return run


def kept_epochs(run) -> int:
    kept = run.candidates.get().kept_epochs
    assert 0 < kept < EPOCHS
    return kept


def continued(fleet, run, kept: int, worker: str) -> str:
    """Return what the log says of the continued training, which has ended as a whole one."""
    fleet.wait_ended(run)
    candidate = run.candidates.get()
    (alone,) = search.run(SearchSpec.from_json(run.spec)).candidates
    assert results(run)[0][2:] == (alone.outcome.state, alone.outcome.values)
    assert [point["epoch"] for point in candidate.curve] == list(range(1, EPOCHS + 1))
    assert candidate.slot.name == worker
    texts = Event.objects.filter(run=run, kind="log").values_list("item__text", flat=True)
    (text,) = (text for text in texts if text.startswith("continued at epoch "))
    assert int(text.split()[3]) > kept
    # The worker removes the checkpoint after it has stored how the candidate ended.
    fleet.until(lambda: not list((fleet.folder / "var" / "weights").glob("*/progress-*")))
    return text


def test_another_process_continues_the_training_with_the_same_result(fleet):
    """After a crash of its trainer process, the worker itself continues in a new one."""
    lost, crashed = "no heartbeat from worker first", "was ended by signal 9, SIGKILL"
    fleet.expect_losses()
    fleet.start_coordinator()
    fleet.start_worker("first", **OFTEN)

    run = training(fleet, min_kept=3)
    kept = kept_epochs(run)
    fleet.trainer_of("first").kill()
    text = continued(fleet, run, kept, "first")
    assert crashed in text and lost not in text

    run = training(fleet, min_kept=3)
    kept = kept_epochs(run)
    fleet.kill("first")
    second = fleet.start_worker("second", **NEVER)
    text = continued(fleet, run, kept, "second")
    assert lost in text and crashed not in text

    run = training(fleet, min_kept=0)
    second.terminate()
    assert second.wait(WAIT_SECONDS) == 0
    kept = kept_epochs(run)
    fleet.start_worker("third")
    text = continued(fleet, run, kept, "third")
    assert lost not in text and crashed not in text

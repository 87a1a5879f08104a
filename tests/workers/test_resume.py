"""A candidate whose worker is killed or stopped continues on another worker at its epoch."""

from __future__ import annotations

import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from webapp.events.models import Event

from ..fixtures.fleet import results

EPOCHS = 25


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_another_worker_continues_the_training_with_the_same_result(fleet, how):
    """The killed one stored a checkpoint after every epoch, the stopped one as its last act."""
    fleet.env["CHECKPOINT_SECONDS"] = "0.001" if how == "kill" else "1000"
    fleet.start_coordinator()
    first = fleet.start_worker("first")
    run = fleet.launch(EPOCHS, candidates=1)
    fleet.wait_training(run)
    if how == "kill":
        fleet.until(run.candidates.filter(kept_epochs__gte=3).exists)
        fleet.kill("first")
    else:
        first.terminate()
        assert first.wait(10) == 0
    kept = run.candidates.get().kept_epochs
    assert 0 < kept < EPOCHS
    fleet.start_worker("second")
    fleet.wait_ended(run)
    candidate = run.candidates.get()
    (alone,) = search.run(SearchSpec.from_json(run.spec)).candidates
    assert results(run)[0][2:] == (alone.outcome.state, alone.outcome.values)
    assert [point["epoch"] for point in candidate.curve] == list(range(1, EPOCHS + 1))
    assert candidate.slot.name == "second"
    texts = Event.objects.filter(run=run, kind="log").values_list("item__text", flat=True)
    (text,) = (text for text in texts if text.startswith("continued at epoch "))
    assert int(text.split()[3]) > kept
    assert ("no heartbeat from worker first" in text) is (how == "kill")
    assert not list((fleet.folder / "var" / "weights").glob("*/progress-*"))

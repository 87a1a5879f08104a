"""A candidate whose worker is killed or stopped continues on another worker at its epoch."""

from __future__ import annotations

import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from webapp.events.models import Event

from ..fixtures.fleet import results

EPOCHS = 25


@pytest.mark.parametrize("how", ["kill", "stop", "crash"])
def test_another_process_continues_the_training_with_the_same_result(fleet, how):
    """The killed ones stored a checkpoint after every epoch, the stopped one as its last act.

    After a crash of its trainer process, the worker itself continues in a new one.
    """
    fleet.env["CHECKPOINT_SECONDS"] = "1000" if how == "stop" else "0.001"
    fleet.start_coordinator()
    first = fleet.start_worker("first")
    run = fleet.launch(EPOCHS, candidates=1)
    fleet.wait_training(run)
    if how != "stop":
        fleet.until(run.candidates.filter(kept_epochs__gte=3).exists)
    if how == "kill":
        fleet.kill("first")
    elif how == "crash":
        fleet.trainer_of("first").kill()
    else:
        first.terminate()
        assert first.wait(10) == 0
    kept = run.candidates.get().kept_epochs
    assert 0 < kept < EPOCHS
    if how != "crash":
        fleet.start_worker("second")
    fleet.wait_ended(run)
    candidate = run.candidates.get()
    (alone,) = search.run(SearchSpec.from_json(run.spec)).candidates
    assert results(run)[0][2:] == (alone.outcome.state, alone.outcome.values)
    assert [point["epoch"] for point in candidate.curve] == list(range(1, EPOCHS + 1))
    assert candidate.slot.name == ("first" if how == "crash" else "second")
    texts = Event.objects.filter(run=run, kind="log").values_list("item__text", flat=True)
    (text,) = (text for text in texts if text.startswith("continued at epoch "))
    assert int(text.split()[3]) > kept
    reasons = {"kill": "no heartbeat from worker first", "crash": "was ended by signal 9, SIGKILL"}
    assert [word for word in reasons.values() if word in text] == [
        v for k, v in reasons.items() if k == how
    ]
    assert not list((fleet.folder / "var" / "weights").glob("*/progress-*"))

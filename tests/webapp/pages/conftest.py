"""A team with runs of every kind."""

from __future__ import annotations

import pytest

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.pareto.run_front import RunFront
from tests.webapp.making import make_run, make_slot
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

# (state, error, params) of the candidates in order; the front is 0 and 3.
ENDINGS = [
    ("done", 20.0, 1000.0),
    ("done", 30.0, 2000.0),
    ("diverged", None, 3000.0),
    ("done", 10.0, 4000.0),
]


@pytest.fixture
def finished(team):
    """A run that ended with `ENDINGS`: best error 10, two on the front."""
    return end_run(make_run(team, candidates=len(ENDINGS)), ENDINGS)


def end_run(run, endings):
    """Ends the candidates as told and stores the front over them."""
    slot = make_slot()
    for state, error, params in endings:
        held = claims.claim(slot, slot.queues)
        assert held is not None
        claims.report(held, {"epoch": 1, "epochs": 1, "valid_error": error, "train_loss": 0.5})
        measured = [Measurement("params", params, "", method="counted")]
        if error is not None:
            measured.insert(0, Measurement("error", error, "%", detail={"images": 360}))
        reason = "" if state == "done" else "loss became NaN in epoch 1, step 3"
        claims.finish(held, Outcome(held.number, state, tuple(measured), reason, epochs=1))
        advance_run(run.pk)
    run.refresh_from_db()
    store_front(run)
    return run


def store_front(run) -> None:
    """The front of what was told, as the coordinator stores it."""
    spec = SearchSpec.from_json(run.spec)
    told = run.candidates.filter(told=True).prefetch_related("measurements").order_by("number")
    history = [
        (c.number, {m.objective: m.value for m in c.measurements.all()}, c.state) for c in told
    ]
    front = RunFront.from_history(assembly.goals_of(spec), (), history)
    run.front = {
        **run.front,
        "numbers": front.front,
        "reference": front.reference,
        "curve": front.curve,
    }
    run.save(update_fields=["front"])

"""Plans of studies, and working them off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from tests.webapp.making import QUESTION, make_slot
from tests.webapp.tables.asking import asked
from webapp.runs.models import Run, Study
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.studies.plan import Method, Plan

EVOLUTION = Method("regularised-evolution", {"population": 5, "sample": 2})


def small_plan(**changed: Any) -> Plan:
    """Random search and evolution at two seeds, four candidates each; nothing is looked up."""
    plan = Plan(SearchSpec(**QUESTION), (Method("random"), EVOLUTION), (7, 8))
    return replace(plan, **changed)


def table_plan(seeds: int = 3, candidates: int = 30, **changed: Any) -> Plan:
    """Three methods on the team's table `made`."""
    spec = asked("table:made", "made", candidates=candidates, **changed)
    methods = (Method("random"), EVOLUTION, Method("local-search"))
    return Plan(spec, methods, tuple(range(seeds)))


def look_up_all(study: Study) -> None:
    """Advances every run of a study on a table to its end."""
    for run in study.runs.all():
        while Run.objects.get(pk=run.pk).state in ("queued", "running"):
            advance_run(run.pk)


def tell(run: Run, errors: list[float], params: list[float]) -> None:
    """Ends a run's candidates, one after the other, with these numbers."""
    slot = make_slot()
    advance_run(run.pk)
    for error, size in zip(errors, params, strict=True):
        held = claims.claim(slot, slot.queues)
        assert held is not None and held.run_id == run.pk
        measured = (
            Measurement("error", error, "%"),
            Measurement("params", size, "", method="counted"),
        )
        claims.finish(held, Outcome(held.number, "done", measured, epochs=1))
        advance_run(run.pk)

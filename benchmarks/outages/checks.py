"""Checks of a run after any disaster: nothing is lost, doubled or out of order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.pareto.run_front import RunFront
from webapp.events.models import Event
from webapp.runs.models import Candidate, Run
from webapp.runs.objectives import constraints_of, goals_of
from webapp.runs.queries import lean_candidates
from webapp.runs.services.outcomes import outcome_of

ENDED = ("done", "diverged", "failed")


@dataclass(frozen=True)
class Findings:
    """Figures and errors of one run.

    Attributes:
        run: the run.
        wrong: everything that must not be, as sentences; empty if all is well.
        states: how many candidates ended in which state.
        attempts: claims of workers that counted, over all candidates.
        events: stored events.
    """

    run: Run
    wrong: list[str]
    states: dict[str, int]
    attempts: int
    events: int


def check_run(run: Run) -> Findings:
    """Check a run that should have finished."""
    rows = list(lean_candidates(run.candidates.all()).order_by("number"))
    events = list(Event.objects.filter(run=run).order_by("seq"))
    wrong = [
        *_wrong_candidates(run, rows),
        *_wrong_events(run, rows, events),
        *_wrong_front(run, rows),
        *_wrong_strategy(run, rows),
    ]
    states = dict(Counter(row.state for row in rows))
    return Findings(run, wrong, states, sum(row.attempts for row in rows), len(events))


def _wrong_candidates(run: Run, rows: list[Candidate]) -> list[str]:
    budget = run.candidate_budget
    allowed = [row for row in rows if row.state in ENDED]
    checks = {
        f"the run is {run.state}: {run.reason}": run.state == "finished",
        f"{run.asked} asked and {run.told} told of {budget}": (run.asked, run.told)
        == (budget, budget),
        "the numbers are not 0 to n - 1": [row.number for row in rows] == list(range(budget)),
        "some candidates have not ended": len(allowed) == budget,
        "the order of ends has a gap or a double": sorted(
            -1 if row.ended_order is None else row.ended_order for row in rows
        )
        == list(range(budget)),
        "an outcome was not told": all(row.told for row in rows),
    }
    wrong = [text for text, holds in checks.items() if not holds]
    wrong += [
        f"candidate {row.number} failed: {row.reason}" for row in rows if row.state == "failed"
    ]
    objectives = {goal["name"] for goal in run.objectives}
    for row in rows:
        measured = [m.objective for m in row.measurements.all()]
        if row.state == "done" and not (objectives <= set(measured)):
            wrong.append(f"candidate {row.number} has only {measured}")
    return wrong


def _wrong_events(run: Run, rows: list[Candidate], events: list[Event]) -> list[str]:
    """Check that each change has one event, and the front follows the tells in order."""
    wrong = []
    ends = Counter(
        event.item["number"]
        for event in events
        if event.kind == "candidate" and event.item["state"] in ENDED
    )
    if ends != Counter(row.number for row in rows):
        doubled = [number for number, count in ends.items() if count > 1]
        wrong.append(f"events of ends are doubled or missing: {doubled or 'missing'}")
    curves = Counter(event.item["number"] for event in events if event.kind == "progress")
    if any(count > 1 for count in curves.values()):
        wrong.append("a learning curve has two events")
    points = [event.item["point"]["told"] for event in events if _has_point(event)]
    if points != sorted(set(points)):
        wrong.append("points of the hypervolume curve are doubled or out of order")
    finished = [event for event in events if _says_finished(event)]
    if len(finished) != 1:
        wrong.append(f"the end of the run was recorded {len(finished)} times")
    if events and events[-1].seq != run.seq:
        wrong.append(f"the newest event is {events[-1].seq}, the run says {run.seq}")
    return wrong


def _has_point(event: Event) -> bool:
    """Return whether the event appends a point; early ones replace the whole curve instead."""
    item = event.item
    return event.kind == "front" and item["curve"] is None and item["point"] is not None


def _says_finished(event: Event) -> bool:
    return event.kind == "log" and str(event.item["text"]).startswith("finished: ")


def _wrong_front(run: Run, rows: list[Candidate]) -> list[str]:
    """Add all outcomes in the order of the tells again: front and curve must be the same."""
    if any(row.ended_order is None for row in rows):
        return []
    deterministic = SearchSpec.from_json(run.spec).deterministic
    order = sorted(rows, key=lambda row: row.number if deterministic else row.ended_order or 0)
    front = RunFront(goals_of(run), constraints_of(run))
    for row in order:
        front.add(row.number, outcome_of(row).values, row.state)
    stored = run.front["numbers"], run.front["curve"]
    return [] if stored == (front.front, front.curve) else ["outcomes were not told in order"]


def _wrong_strategy(run: Run, rows: list[Candidate]) -> list[str]:
    """Repeat the search with the stored outcomes in proposal order: it must propose the same.

    Only a deterministic run has an order that its rows determine.
    """
    spec = SearchSpec.from_json(run.spec)
    if not spec.deterministic or len(rows) != run.candidate_budget:
        return []
    strategy = assembly.make_strategy(spec)
    told = 0
    for number, row in enumerate(rows):
        while number - told >= spec.in_flight:
            strategy.tell(outcome_of(rows[told]))
            told += 1
        proposal = strategy.ask()
        if proposal is None or not _same(proposal, row):
            return [f"proposal {number} differs from that of the repeated search"]
    for row in rows[told:]:
        strategy.tell(outcome_of(row))
    if strategy.state_dict() != run.strategy_state:
        return ["the stored state of the strategy differs from that of the repeated search"]
    return []


def _same(proposal: Proposal, row: Candidate) -> bool:
    stored: Any = row.proposal
    return proposal.to_json() == stored

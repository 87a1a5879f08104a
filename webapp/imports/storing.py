"""Storing recorded runs as runs that have ended, with candidates, measurements and front."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction

from nasengine.core.architecture import Architecture
from nasengine.core.measurement import Measurement as Measured
from nasengine.core.objective import Goal, split_name
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from webapp.accounts.models import Team, User
from webapp.accounts.services import audit
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_NAME
from webapp.runs.imported import IMPORTED, SOURCES
from webapp.runs.models import Candidate, CandidateState, Measurement, Run, RunState
from webapp.runs.services.best import update_best
from webapp.runs.services.front import extend_front
from webapp.runs.services.inputs import data_set_of, space_version_of
from webapp.runs.services.record import record_log, record_run

from .models import ImportedRun
from .readers.recorded import MAX_POINTS, Recorded, RecordedRun, curve_of

BATCH = 2000
MAX_POINTS_OF_RUN = 200_000  # of the learning curves of all its candidates
STATES = {
    "done": CandidateState.DONE,
    "failed": CandidateState.FAILED,
    "pruned": CandidateState.STOPPED,
}


def store_runs(
    team: Team, user: User | None, runs: Iterable[RecordedRun], file_name: str
) -> tuple[list[Run], int]:
    """Store recorded runs that the team does not have yet.

    Returns:
        The run of each recorded one, stored now or before, and how many are new.
    """
    stored, new = [], 0
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        for recorded in runs:
            digest = recorded.digest()
            before = ImportedRun.objects.filter(team=team, digest=digest).select_related("run")
            if known := before.first():
                stored.append(known.run)
                continue
            run = _store(team, user, recorded, file_name)
            ImportedRun.objects.create(
                team=team, run=run, source=recorded.source, file_name=file_name, digest=digest
            )
            stored.append(run)
            new += 1
    return stored, new


def _store(team: Team, user: User | None, recorded: RecordedRun, file_name: str) -> Run:
    goals = [
        Goal(name, *split_name(name), "higher" if better == "higher" else "lower", "")
        for name, better in recorded.better.items()
    ]
    outcomes = [_outcome(n, candidate, recorded) for n, candidate in enumerate(recorded.candidates)]
    spec = SearchSpec(
        space=IMPORTED,
        strategy=recorded.source,
        estimator=IMPORTED,
        dataset=IMPORTED,
        objectives=tuple(recorded.better),
        candidates=max(len(outcomes), 1),
    )
    start, end = _times(recorded)
    title = SOURCES[recorded.source]
    run = Run.objects.create(
        team=team,
        name=_name(recorded.name) or f"import from {title}",
        created_by=user,
        space_version=space_version_of(team, user, spec),
        data_set=data_set_of(team, spec),
        strategy=recorded.source,
        spec=spec.to_json(),
        objectives=[vars(goal) for goal in goals],
        state=RunState.FINISHED,
        reason=f"imported from {title} ({clean_text(file_name)[:200]})",
        candidate_budget=len(outcomes),
        asked=len(outcomes),
        told=len(outcomes),
        tags=["imported"],
        started_at=start,
        ended_at=end,
        rested_at=end,
    )
    _store_candidates(run, recorded, outcomes)
    for part in _parts(outcomes):
        extend_front(run, part)
    run.save(update_fields=["front"])
    update_best(
        run, {outcome.number: outcome.values for outcome in outcomes if outcome.state == "done"}
    )
    record_run(run)
    by = user.get_username() if user is not None else "the command line"
    record_log(run, "info", f"imported from {title} by {by}: {len(outcomes):,} candidates")
    text, link = f"imported run {run.pk} {run.name} from {title}", f"/runs/{run.pk}/"
    audit.record("launch", text, user=user, who=by, team=team, link=link)
    return run


def _store_candidates(run: Run, recorded: RecordedRun, outcomes: list[Outcome]) -> None:
    rows = []
    most = max(2, min(MAX_POINTS, MAX_POINTS_OF_RUN // max(len(outcomes), 1)))
    for candidate, outcome in zip(recorded.candidates, outcomes, strict=True):
        architecture = Architecture(IMPORTED, {}, clean_json(dict(candidate.settings)))
        ended = (
            candidate.started + timedelta(seconds=candidate.seconds or 0)
            if candidate.started
            else None
        )
        rows.append(
            Candidate(
                run=run,
                number=outcome.number,
                state=STATES[candidate.state]
                if outcome.state == candidate.state
                else CandidateState.FAILED,
                reason=outcome.reason,
                proposal={"architecture": architecture.to_json()},
                architecture_id=architecture.id,
                origin=recorded.source,
                seconds=candidate.seconds,
                curve=curve_of(candidate, recorded.better, most),
                started_at=_aware(candidate.started),
                ended_at=_aware(ended),
                ended_order=outcome.number,
                told=True,
            )
        )
    stored = Candidate.objects.bulk_create(rows, batch_size=BATCH)
    measured = (
        Measurement(candidate=candidate, objective=name[:60], value=value, method="imported")
        for candidate, source in zip(stored, recorded.candidates, strict=True)
        for name, value in source.values.items()
    )
    while batch := list(islice(measured, BATCH)):
        Measurement.objects.bulk_create(batch)


def _outcome(number: int, candidate: Recorded, recorded: RecordedRun) -> Outcome:
    """Return the outcome of a candidate; a done one without a value of each objective failed."""
    lacking = [name for name in recorded.better if name not in candidate.values]
    reason = {"failed": "failed there", "pruned": "stopped early there"}.get(candidate.state, "")
    state = {"pruned": "stopped"}.get(candidate.state, candidate.state)
    if state == "done" and lacking:
        state, reason = "failed", f"no value of {', '.join(lacking)}"[:400]
    measured = tuple(
        Measured(name, value, "", method="measured") for name, value in candidate.values.items()
    )
    return Outcome(number, state, measured, reason)  # type: ignore[arg-type]  # one of the states


def _times(recorded: RecordedRun) -> tuple[datetime, datetime]:
    """Return when the run began and ended: now if its candidates have no times."""
    known = [(_aware(c.started), c.seconds or 0) for c in recorded.candidates if c.started]
    if not known:
        now = datetime.now(UTC)
        return now, now
    pairs = [(began, began + timedelta(seconds=s)) for began, s in known if began is not None]
    return min(began for began, _ in pairs), max(ended for _, ended in pairs)


def _aware(time: datetime | None) -> datetime | None:
    """Return a time with a time zone: tools that store none mean the clock of their machine."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _name(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(c for c in clean_text(text) if c.isprintable())).strip()[
        :MAX_NAME
    ]


def _parts(outcomes: list[Outcome]) -> Iterable[list[Outcome]]:
    for start in range(0, len(outcomes), BATCH):
        yield outcomes[start : start + BATCH]


def describe(runs: list[Run], new: int) -> dict[str, Any]:
    """Return the columns of an import that is done."""
    return {"numbers": [run.pk for run in runs], "new_count": new, "is_new": new > 0}

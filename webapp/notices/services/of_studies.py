"""Notices of studies: its first failure, its end and its fronts, in place of one per run.

Events of runs are stored in the transaction that ends the run. They are collapsed when they are
dispatched, after that transaction: whichever run of the study ended last finds the others ended.
"""

from __future__ import annotations

from collections import Counter

from webapp.notices.models import Kind, NoticeEvent
from webapp.runs.models import ENDED_RUNS, Run, RunState, Study

from .events import publish

OF_STUDY = ":study-"  # in the keys of the events of studies
COLLAPSED = (Kind.RUN_FINISHED, Kind.RUN_FAILED, Kind.FRONT_IMPROVED)


def collapse(event: NoticeEvent) -> bool:
    """Replace the event of a run by those of its study; return whether the run is in one."""
    run = event.run
    if event.kind not in COLLAPSED or run is None or run.study is None or OF_STUDY in event.key:
        return False
    if event.kind == Kind.FRONT_IMPROVED:
        _front(event, run.study)
        return True
    if event.kind == Kind.RUN_FAILED:
        _first_failure(event, run.study)
    _end(run.study, event)
    return True


def _first_failure(event: NoticeEvent, study: Study) -> None:
    publish(
        f"{Kind.RUN_FAILED}{OF_STUDY}{study.pk}",
        Kind.RUN_FAILED,
        f"{event.text} (the first failure in study {study.name})",
        event.link,
        run=event.run,
        team_id=event.team_id,
        person_id=event.person_id,
    )


def _front(event: NoticeEvent, study: Study) -> None:
    """Store the first improvement of any run in each period."""
    period = event.key.rpartition(":")[2]
    publish(
        f"{Kind.FRONT_IMPROVED}{OF_STUDY}{study.pk}:{period}",
        Kind.FRONT_IMPROVED,
        f"Study {study.name}: {event.text}",
        f"/studies/{study.pk}/",
        team_id=event.team_id,
        person_id=event.person_id,
    )


def _end(study: Study, event: NoticeEvent) -> None:
    """Store the end of the study once its runs have ended; of runs that go on later again."""
    rows = list(Run.objects.filter(study=study).values_list("state", "ended_at"))
    ends = [at for state, at in rows if state in ENDED_RUNS and at is not None]
    if not ends or len(ends) < len(rows):
        return
    publish(
        f"{Kind.RUN_FINISHED}{OF_STUDY}{study.pk}:{max(ends)}",
        Kind.RUN_FINISHED,
        f"Study {study.name}: {_counted(Counter(state for state, _ in rows))}",
        f"/studies/{study.pk}/",
        team_id=event.team_id,
        person_id=event.person_id,
    )


def _counted(states: Counter[str]) -> str:
    """Return how many runs ended in which way, as "finished, 2 of 20 runs failed"."""
    total = sum(states.values())
    runs = f"{total} run{'' if total == 1 else 's'}"
    parts = [
        f"{states[state]} of {runs} {label}"
        for state, label in ((RunState.FAILED, "failed"), (RunState.STOPPED, "stopped"))
        if states[state]
    ]
    return f"finished, {', '.join(parts)}" if parts else f"finished, {runs}"

"""Launching a run: check, store, announce."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from webapp.runs.models import DataSet, Run, RunState, SpaceVersion, Study
from webapp.tables.services.resolve import ResolvedSpec, resolve

from .notifications import wake_coordinator
from .record import record_log, record_run

MAX_NAME = 120
MAX_TAG = 40
MAX_TAGS = 20


def launch(
    team: Any,
    user: Any,
    spec: SearchSpec,
    name: str,
    *,
    space_version: SpaceVersion | None = None,
    data_set: DataSet | None = None,
    study: Study | None = None,
    tags: Iterable[str] = (),
) -> Run:
    """Stores a checked question as a queued run and rings for the coordinator.

    An imported table of the team is fixed to the version it has now.

    Raises:
        InvalidSettings: names every wrong setting, `name` and `tags` included.
    """
    tags = list(tags)
    resolved = _checked(team, spec, name, tags)
    return store(
        team,
        user,
        resolved,
        name,
        space_version=space_version,
        data_set=data_set,
        data_digest=data_set.digest if data_set else "",
        study=study,
        tags=tags,
    )


def store(team: Any, user: Any, resolved: ResolvedSpec, name: str, **columns: Any) -> Run:
    """A queued run of a question that is checked already; `columns` are more of its row."""
    spec = resolved.spec
    with transaction.atomic():
        run = Run.objects.create(
            team=team,
            name=name.strip(),
            created_by=user,
            benchmark_table=resolved.table,
            strategy=spec.strategy,
            spec=spec.to_json(),
            seed=spec.seed,
            candidate_budget=spec.candidates,
            state=RunState.QUEUED,
            **columns,
        )
        record_run(run)
        by = user.get_username() if user is not None else "the command line"
        record_log(run, "info", f"launched by {by}")
        wake_coordinator(run.pk)
    return run


def _checked(team: Any, spec: SearchSpec, name: str, tags: list[str]) -> ResolvedSpec:
    """The question written out; what is wrong of it and of the run is said all at once."""
    errors: dict[str, str] = {}
    if fault := text_error(name, MAX_NAME):
        errors["name"] = fault
    if len(tags) > MAX_TAGS:
        errors["tags"] = f"has {len(tags):,} tags; at most {MAX_TAGS}"
    elif fault := next((f for tag in tags if (f := text_error(tag, MAX_TAG))), None):
        errors["tags"] = f"one of them {fault}"
    resolved = resolve(team, spec)
    errors |= resolved.errors
    try:
        spec = assembly.check(resolved.spec)
    except InvalidSettings as error:
        errors = {**error.errors, **errors}
    if errors:
        raise InvalidSettings(errors)
    return ResolvedSpec(spec, resolved.table)


def text_error(text: str, most: int) -> str | None:
    """What is wrong with a name or tag, None where nothing is."""
    if not text.strip():
        return "is empty; write a short name"
    if len(text) > most:
        return f"has {len(text):,} characters; at most {most}"
    if not text.isprintable():
        return "holds characters that cannot be shown; write it in one line of plain text"
    return None

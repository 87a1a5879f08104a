"""Launching a run: check the settings, store the run, notify the coordinator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from webapp.accounts.models import Team, User
from webapp.accounts.services import audit
from webapp.limits import MAX_NAME, MAX_TAG, MAX_TAGS
from webapp.runs.leased import Priority
from webapp.runs.models import ENDED_RUNS, DataSet, Run, RunState, SpaceVersion, Study
from webapp.tables.services.resolve import ResolvedSpec, resolve
from webapp.usage.services.quotas import check_quota

from .data_report import data_errors, stored_report
from .environment import environment
from .inputs import data_set_of, space_version_of
from .notifications import wake_coordinator
from .record import record_log, record_run


@dataclass(frozen=True)
class Inputs:
    """Values that all runs of the same search settings share; seed and name may differ."""

    space_version: SpaceVersion
    data_set: DataSet
    objectives: list[dict[str, object]]
    data_report: dict[str, Any]


def launch(
    team: Team,
    user: User | None,
    spec: SearchSpec,
    name: str,
    *,
    study: Study | None = None,
    tags: Iterable[str] = (),
    priority: int = Priority.NORMAL,
) -> Run:
    """Check the search settings, store them as a queued run and notify the coordinator.

    The run keeps the version that an imported table of the team has now.

    Args:
        team: the team that the run belongs to.
        user: who launches it; None for the command line.
        spec: the search settings; open settings are filled in with their defaults.
        name: a name of one line for the team.
        study: the study that the run is part of.
        tags: short texts that the run list can be searched by.
        priority: one of `Priority`.

    Raises:
        InvalidSettings: names every wrong setting, including `name` and `tags`.
    """
    tags = list(tags)
    resolved = _checked(team, spec, name, tags)
    with transaction.atomic():
        inputs = inputs_of(team, user, resolved.spec)
        return store_run(
            team, user, resolved, inputs, name, study=study, tags=tags, priority=priority
        )


def inputs_of(team: Team, user: User | None, spec: SearchSpec) -> Inputs:
    """Find or create the rows of a checked spec and resolve its objectives.

    Call it inside a transaction.
    """
    return Inputs(
        space_version_of(team, user, spec),
        data_set_of(team, spec),
        [asdict(goal) for goal in assembly.goals_of(spec)],
        stored_report(spec),
    )


def store_run(
    team: Team,
    user: User | None,
    resolved: ResolvedSpec,
    inputs: Inputs,
    name: str,
    *,
    study: Study | None = None,
    tags: Iterable[str] = (),
    priority: int = Priority.NORMAL,
) -> Run:
    """Store a queued run of settings that are checked already."""
    spec = resolved.spec
    with transaction.atomic():
        check_quota(team, user, Run.objects.filter(team=team).exclude(state__in=ENDED_RUNS))
        run = Run.objects.create(
            team=team,
            study=study,
            name=name.strip(),
            created_by=user,
            space_version=inputs.space_version,
            data_set=inputs.data_set,
            data_digest=inputs.data_set.digest,
            data_report=inputs.data_report,
            environment=environment(),
            benchmark_table=resolved.table,
            strategy=spec.strategy,
            spec=spec.to_json(),
            objectives=inputs.objectives,
            seed=spec.seed,
            candidate_budget=spec.candidates,
            state=RunState.QUEUED,
            tags=list(tags),
            priority=priority,
        )
        record_run(run)
        by = user.get_username() if user is not None else "the command line"
        record_log(run, "info", f"launched by {by}")
        if study is None:
            text, link = f"launched run {run.pk} {run.name}", f"/runs/{run.pk}/"
            audit.record("launch", text, user=user, who=by, team=team, link=link)
        wake_coordinator(run.pk)
    return run


def text_error(text: str, limit: int) -> str | None:
    """Return what is wrong with a name or tag, None if it is allowed."""
    if not text.strip():
        return "must not be empty: write a short name"
    if len(text) > limit:
        return f"must have at most {limit} characters (got {len(text):,})"
    if not text.isprintable():
        return "must be one line of printable characters: remove line breaks and control characters"
    return None


def _checked(team: Team, spec: SearchSpec, name: str, tags: list[str]) -> ResolvedSpec:
    """The settings with every default written out; all errors are reported at once."""
    errors: dict[str, str] = {}
    if error := text_error(name, MAX_NAME):
        errors["name"] = error
    if len(tags) > MAX_TAGS:
        errors["tags"] = f"must have at most {MAX_TAGS} tags (got {len(tags):,})"
    elif error := next((e for tag in tags if (e := text_error(tag, MAX_TAG))), None):
        errors["tags"] = f"each tag {error}"
    resolved = resolve(team, spec)
    errors |= resolved.errors
    try:
        spec = assembly.check(resolved.spec)
    except InvalidSettings as refusal:
        errors = {**refusal.errors, **errors}
    errors = errors or data_errors(spec)
    if errors:
        raise InvalidSettings(errors)
    return replace(resolved, spec=spec)

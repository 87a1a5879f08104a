"""Launching an evaluation: check the settings, store one training per seed, wake the workers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings, UnknownName
from nasengine.core.protocol import Protocol
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.data.common.named import named_dataset
from nasengine.estimators.training.config import TrainConfig
from nasengine.execution.final_job import FinalJob, FinalPlan
from nasengine.execution.protocols import find_protocol
from webapp.accounts.models import Team, User
from webapp.accounts.services import audit
from webapp.datasets.services.resolving import pinned
from webapp.evaluations.models import Evaluation, Training
from webapp.evaluations.subjects import SearchData, Subject
from webapp.jobs import services as jobs
from webapp.jobs.models import Priority
from webapp.jobs.queues import queue_error
from webapp.limits import MAX_EVALUATION_SEEDS, MAX_PROTOCOL_NAME, MAX_SEED
from webapp.runs.services.data_report import data_errors

from .protocol_keys import expected_digest, key_of

FALLBACK_DATA = {"images": "digits", "text": "pydoc-text"}


@dataclass(frozen=True)
class EvaluationSpec:
    """How an architecture is trained, and how often.

    Attributes:
        protocol: a protocol of the catalogue, or one of these with changed settings.
        changes: settings of the protocol; those that differ from it make another protocol.
        cells: cells of the network instead of those of the protocol.
        dataset: "" for that of the search with its settings, else that of the protocol.
        channels: channels of the network likewise.
        seeds: one training for each.
        queue: queue of the workers that train.
    """

    protocol: str = "quick"
    changes: Mapping[str, Any] = field(default_factory=dict)
    dataset: str = ""
    dataset_config: Mapping[str, Any] = field(default_factory=dict)
    cells: int | None = None
    channels: int | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    queue: str = "cpu"
    priority: int = Priority.NORMAL


def launch_evaluation(
    team: Team, user: User | None, subject: Subject, spec: EvaluationSpec
) -> Evaluation:
    """Store an evaluation with one queued training per seed.

    Args:
        team: the team that it belongs to.
        user: who launches it; None for the command line.
        subject: the architecture.
        spec: what is trained, how and how often.

    Raises:
        InvalidSettings: names every wrong setting: protocol, settings.NAME, dataset,
            dataset_config.NAME, cells, channels, seeds, queue.
    """
    spec = with_data(team, subject, spec)
    plan = checked_plan(subject, spec)
    job = {name: value for name, value in plan.job.to_json().items() if name != "seed"}
    protocol, config = plan.protocol_json, plan.dataset_config
    digest = expected_digest(team, spec.dataset, config)
    with transaction.atomic():
        evaluation = Evaluation.objects.create(
            team=team,
            title=subject.title,
            architecture=subject.architecture.to_json(),
            canonical_id=subject.canonical_id,
            candidate=subject.candidate,
            source=subject.source,
            job=job,
            protocol=protocol,
            protocol_name=plan.protocol.name,
            protocol_key=key_of(protocol, spec.dataset, config, digest),
            dataset=spec.dataset,
            dataset_config=config,
            seeds=list(spec.seeds),
            queue=spec.queue,
            requested_by=user,
        )
        Training.objects.bulk_create(
            Training(
                evaluation=evaluation,
                seed=seed,
                queue=spec.queue,
                priority=spec.priority,
                requested_by=user,
            )
            for seed in spec.seeds
        )
        jobs.announce([spec.queue])
        _audit(evaluation, user)
    return evaluation


def with_data(team: Team, subject: Subject, spec: EvaluationSpec) -> EvaluationSpec:
    """Return the settings with their data set, and the content of the team's data that they name.

    Raises:
        InvalidSettings: the team has no such data set.
    """
    if not spec.dataset:
        data = default_data(subject, spec.protocol)
        config = {**data.config, **spec.dataset_config}
        spec = replace(spec, dataset=data.dataset, dataset_config=config)
    config, errors = pinned(team, spec.dataset, spec.dataset_config)
    if errors:
        raise InvalidSettings(errors)
    return replace(spec, dataset_config=config)


def default_data(subject: Subject, protocol: str) -> SearchData:
    """Return the data set of the search with its settings, else that of the protocol."""
    if subject.searched_on:
        return subject.searched_on
    kind = catalog.load("spaces", subject.architecture.space).data_kind
    name = catalog.load("protocols", protocol).dataset if catalog.has("protocols", protocol) else ""
    fits = name and catalog.load("datasets", name).kind == kind
    return SearchData(name if fits else FALLBACK_DATA[kind], {})


def _audit(evaluation: Evaluation, user: User | None) -> None:
    text = f"launched evaluation {evaluation.pk} with {len(evaluation.seeds)} seeds"
    who, link = "" if user is not None else "the command line", f"/evaluations/{evaluation.pk}/"
    audit.record("launch", text, user=user, who=who, team=evaluation.team, link=link)


def checked_plan(subject: Subject, spec: EvaluationSpec) -> FinalPlan:
    """Return what each training will do.

    Raises:
        InvalidSettings: names every wrong setting.
    """
    errors = _errors_of_jobs(spec)
    try:
        protocol = changed_protocol(spec.protocol, spec.changes)
    except UnknownName as error:
        errors["protocol"] = str(error)
    except InvalidSettings as error:
        errors |= error.errors
    errors |= dataset_errors(spec.dataset, spec.dataset_config)
    if errors:
        raise InvalidSettings(errors)
    try:
        plan = _job(subject, spec, protocol).plan()
    except InvalidSettings as error:
        raise InvalidSettings({_path(n): text for n, text in error.errors.items()}) from None
    except EngineError as error:
        raise InvalidSettings({_field_of(str(error), spec): str(error)}) from None
    if len(plan.protocol.name) > MAX_PROTOCOL_NAME:
        text = f"has too many changed settings (its name has {len(plan.protocol.name)} characters)"
        raise InvalidSettings({"protocol": f"{text}: change fewer of them"})
    return plan


def changed_protocol(name: str, changes: Mapping[str, Any]) -> Protocol:
    """Return a protocol of the catalogue with changed settings, which its name then lists.

    Raises:
        UnknownName: there is no such protocol.
        InvalidSettings: a setting is unknown or out of range.
    """
    protocol = find_protocol(name)
    plain = from_mapping(TrainConfig, dict(protocol.settings))
    config = from_mapping(TrainConfig, {**protocol.settings, **changes}, "settings.")
    values = {setting: getattr(config, setting) for setting in changes}
    changed = {name: value for name, value in values.items() if value != getattr(plain, name)}
    return find_protocol(protocol.changed(**changed))


def dataset_errors(name: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Return why networks cannot be trained on a data set, by the dotted name of the setting."""
    try:
        named_dataset(name, dict(config))
    except UnknownName as error:
        return {"dataset": str(error)}
    except InvalidSettings as error:
        return {f"dataset_config.{n}": text for n, text in error.errors.items()}
    return data_errors(SearchSpec(dataset=name, dataset_config=dict(config)))


def _job(subject: Subject, spec: EvaluationSpec, protocol: Protocol) -> FinalJob:
    return FinalJob(
        architecture=subject.architecture,
        protocol=protocol,
        dataset=spec.dataset,
        dataset_config=dict(spec.dataset_config),
        cells=spec.cells,
        channels=spec.channels,
    )


def _errors_of_jobs(spec: EvaluationSpec) -> dict[str, str]:
    """Return what is wrong with seeds, queue and priority."""
    errors: dict[str, str] = {}
    if not 1 <= len(spec.seeds) <= MAX_EVALUATION_SEEDS:
        errors["seeds"] = f"must be 1 to {MAX_EVALUATION_SEEDS} seeds (got {len(spec.seeds)})"
    elif len(set(spec.seeds)) < len(spec.seeds):
        errors["seeds"] = "must be different: the same seed gives the same network"
    elif wrong := [seed for seed in spec.seeds if not 0 <= seed <= MAX_SEED]:
        errors["seeds"] = f"must be whole numbers from 0 to {MAX_SEED} (got {wrong[0]})"
    if text := queue_error(spec.queue):
        errors["queue"] = text
    if spec.priority not in Priority.values:
        errors["priority"] = f"must be one of {Priority.values} (got {spec.priority})"
    return errors


def _path(name: str) -> str:
    return name if "." in name else f"settings.{name}"


def _field_of(text: str, spec: EvaluationSpec) -> str:
    """Return the field next to which an error of the engine is shown."""
    if text.startswith(("cells", "the network cannot have this size")):
        return "cells"
    if text.startswith("channels"):
        return "channels"
    return "dataset" if text.startswith(spec.dataset) else "protocol"


def seeds_from(text: str) -> tuple[int, ...]:
    """Return the seeds of a text such as "0, 1, 2" or "0-4".

    Raises:
        InvalidSettings: a part is no whole number, or there are too many.
    """
    seeds: list[int] = []
    for part in re.split(r"[,;\s]+", text.strip()):
        if not re.fullmatch(r"\d{1,18}(-\d{1,18})?", part):
            raise InvalidSettings(
                {"seeds": f"must be whole numbers, such as 0, 1, 2 or 0-4 (got {part[:40]!r})"}
            )
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if high - low >= MAX_EVALUATION_SEEDS:
            raise InvalidSettings(
                {"seeds": f"must be at most {MAX_EVALUATION_SEEDS} seeds (got {part[:40]})"}
            )
        seeds += range(low, high + 1)
    return tuple(seeds)

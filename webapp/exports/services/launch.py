"""Requesting an export: check target and settings, store the job, wake the workers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings, UnknownName
from nasengine.core.settings import from_mapping, to_mapping
from webapp.accounts.models import User
from webapp.accounts.services import audit
from webapp.evaluations.models import Training
from webapp.evaluations.services.control import ControlRefused, name_of
from webapp.exports.models import Export
from webapp.jobs import services as jobs
from webapp.jobs.models import JobState, Priority
from webapp.jobs.queues import queue_error

from .archives import remove_archives
from .measuring import forget_measurements


def request_export(
    training: Training,
    user: User | None,
    target: str,
    settings: Mapping[str, Any],
    *,
    queue: str = "cpu",
    priority: int = Priority.NORMAL,
) -> Export:
    """Store an export that waits for a worker.

    Args:
        training: a training that is done; its network is exported.
        user: who requests it; None for the command line.
        target: a target of the catalogue.
        settings: settings of the target.
        queue: queue of the workers that export.
        priority: one of `Priority`.

    Raises:
        InvalidSettings: names every wrong setting: training, target, config.NAME, queue.
    """
    errors: dict[str, str] = {}
    if training.state != JobState.DONE:
        text = f"seed {training.seed} is {training.state}: only trained networks can be exported"
        errors["training"] = text
    if text := queue_error(queue):
        errors["queue"] = text
    config: dict[str, Any] = {}
    try:
        config = checked_settings(training, target, settings)
    except InvalidSettings as error:
        errors |= error.errors
    if errors:
        raise InvalidSettings(errors)
    with transaction.atomic():
        export = Export.objects.create(
            team=training.evaluation.team,
            training=training,
            target=target,
            settings=config,
            queue=queue,
            priority=priority,
            requested_by=user,
        )
        jobs.announce([queue])
    return export


def checked_settings(
    training: Training, target: str, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all settings of an export.

    Raises:
        InvalidSettings: the target does not exist or cannot run the network, or a setting is
            wrong.
    """
    try:
        cls = catalog.load("targets", target)
        kind = data_kind_of(training)
        if kind not in cls.data_kinds:
            able = ", ".join(able_targets(kind))
            text = f"{cls.title} cannot run this network, which reads {kind}: use {able}"
            raise InvalidSettings({"target": text})
        return to_mapping(from_mapping(cls.Config, dict(settings)))
    except UnknownName as error:
        raise InvalidSettings({"target": str(error)}) from None
    except InvalidSettings as error:
        errors = error.errors
        raise InvalidSettings(
            {name if name == "target" else f"config.{name}": text for name, text in errors.items()}
        ) from None
    except EngineError as error:
        raise InvalidSettings({"target": str(error)}) from None


def data_kind_of(training: Training) -> str:
    """Return what the network of a training reads: "images" or "text"."""
    kind: str = catalog.load("spaces", training.evaluation.architecture["space"]).data_kind
    return kind


def able_targets(kind: str) -> list[str]:
    """Return the targets that run networks which read this kind of data."""
    names = catalog.names("targets")
    return [name for name in names if kind in catalog.load("targets", name).data_kinds]


def cancel(exports: QuerySet[Export], user: User | None) -> None:
    """Cancel exports: queued ones now, running ones at the next heartbeat.

    Raises:
        ControlRefused: all of them have ended.
    """
    if not jobs.cancel(exports, f"cancelled by {name_of(user)}"):
        raise ControlRefused("There is nothing to cancel: the export has ended.")
    _record(exports, user, "cancelled")


def retry(exports: QuerySet[Export], user: User | None = None) -> None:
    """Export again what failed or was cancelled.

    Raises:
        ControlRefused: none of them is in such a state.
    """
    if not jobs.queue_again(exports):
        raise ControlRefused("There is nothing to do again: the export is not failed or cancelled.")
    _record(exports, user, "retried")


def delete(export: Export, user: User | None = None) -> None:
    """Delete an export that has ended, with its archive.

    Raises:
        ControlRefused: it is queued or running.
    """
    with transaction.atomic():
        locked = Export.objects.select_for_update(of=("self",)).get(pk=export.pk)
        if locked.is_open:
            raise ControlRefused("The export is queued or running: cancel it first.")
        transaction.on_commit(partial(remove_archives, [locked]))
        forget_measurements(locked)
        _record(Export.objects.filter(pk=locked.pk), user, "deleted")
        Export.objects.filter(pk=locked.pk).delete()


def _record(exports: QuerySet[Export], user: User | None, done: str) -> None:
    """Write into the audit trail what was done with exports."""
    for export in exports.select_related("team"):
        audit.record(
            "control",
            f"{done} the export {export.pk} for {export.target}",
            user=user,
            who="" if user else name_of(user),
            team=export.team,
            link=f"/exports/{export.pk}/",
        )

"""Controlling an evaluation: cancel, train failed seeds again, delete."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.accounts.services import audit
from webapp.evaluations.models import Evaluation, Training
from webapp.jobs import services as jobs
from webapp.jobs.models import ENDED_BADLY, OPEN_JOBS

from .networks import remove_networks


class ControlRefused(Exception):
    """The state does not allow the action; the text is for users."""


def cancel(trainings: QuerySet[Training], user: User | None) -> None:
    """Cancel trainings: queued ones now, running ones at their next heartbeat.

    Raises:
        ControlRefused: all of them have ended.
    """
    if not jobs.cancel(trainings, f"cancelled by {name_of(user)}"):
        raise ControlRefused("There is nothing to cancel: every seed has ended.")
    _record(trainings, user, "cancelled")


def retry(trainings: QuerySet[Training], user: User | None = None) -> None:
    """Train seeds again that failed, diverged or were cancelled, with the same seed.

    Raises:
        ControlRefused: none of them is in such a state.
    """
    # A test value of the earlier attempt is void; that the test part was read stays recorded.
    if not jobs.queue_again(trainings, curve=[], measurements=[], epochs=0, seconds=None):
        states = ", ".join(ENDED_BADLY)
        raise ControlRefused(f"There is nothing to train again: no seed is {states}.")
    _record(trainings, user, "retried")


def delete(evaluation: Evaluation, user: User | None = None) -> None:
    """Delete an evaluation with its trainings, their networks and the exports of these.

    Raises:
        ControlRefused: a training is queued or running.
    """
    with transaction.atomic():
        locked = Evaluation.objects.select_for_update().get(pk=evaluation.pk)
        if locked.trainings.filter(state__in=OPEN_JOBS).exists():
            raise ControlRefused("Seeds are queued or running: cancel them first.")
        transaction.on_commit(partial(remove_networks, locked))
        _record(locked.trainings.all(), user, "deleted")
        Evaluation.objects.get(pk=locked.pk).delete()


def _record(trainings: QuerySet[Training], user: User | None, done: str) -> None:
    """Write into the audit trail what was done with seeds of evaluations."""
    for evaluation in Evaluation.objects.filter(pk__in=trainings.values("evaluation")):
        audit.record(
            "control",
            f"{done} the evaluation {evaluation.pk} of {evaluation.title}",
            user=user,
            who="" if user else name_of(user),
            team=evaluation.team,
            link=f"/evaluations/{evaluation.pk}/",
        )


def name_of(user: User | None) -> str:
    """Return what a reason calls the person who did something."""
    return user.get_username() if user is not None else "the command line"

"""Announcements to workers and coordinator about runs and candidates."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.common.messages import (
    ADVANCE,
    Announcement,
    send_after_commit,
    work_announcement,
)
from webapp.common.queue_names import COORDINATOR_QUEUE


def wake_coordinator(run_id: int) -> None:
    """After commit, make a coordinator advance this run."""
    send_after_commit(Announcement(ADVANCE, COORDINATOR_QUEUE, (run_id,)))


def wake_workers(queues: Iterable[str]) -> None:
    """After commit, make a worker of each of these queues look for work."""
    for queue in sorted(set(queues)):
        send_after_commit(work_announcement(queue))

"""Wake-up messages to workers and coordinator about runs and candidates."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.common.messages import COORDINATOR_QUEUE, send_after_commit


def wake_coordinator(run_id: int) -> None:
    """After commit, make the coordinator advance this run."""
    send_after_commit("workers.tasks.advance", COORDINATOR_QUEUE, (run_id,))


def wake_workers(queues: Iterable[str]) -> None:
    """After commit, make the workers of these queues look for candidates."""
    for queue in sorted(set(queues)):
        send_after_commit("workers.tasks.evaluate", queue)

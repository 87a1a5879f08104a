"""Queues in which work waits and that no worker serves: the text and the command of the alert."""

from __future__ import annotations

from dataclasses import dataclass

from .models import WAITING_CANDIDATES, Run, RunState, WorkerDrain
from .queries import live_slots, served_queues


@dataclass(frozen=True)
class UnservedQueue:
    """A queue whose work no worker takes.

    Attributes:
        name: the name of the queue.
        drained: the live workers that serve it and are drained.
    """

    name: str
    drained: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The reason, as a clause after the name of the queue."""
        return "whose workers are drained" if self.drained else "which no worker serves"

    @property
    def remedy(self) -> str:
        """The remedy, as a sentence that ends before the command."""
        if self.drained:
            return f"Resume {' or '.join(self.drained)} on the fleet page, or start another worker:"
        return "Start one on a machine that has the code and the data:"

    @property
    def command(self) -> str:
        """The command that starts a worker for the queue."""
        return f"celery -A workers worker -Q {self.name} --concurrency 1"


def unserved(queues: set[str]) -> list[UnservedQueue]:
    """Return those of the queues whose work no live worker takes, by name."""
    if not queues or not (left := queues - served_queues()):
        return []
    names = set(WorkerDrain.objects.values_list("name", flat=True))
    drained = [slot for slot in live_slots("evaluation") if slot.name in names]
    return [
        UnservedQueue(name, tuple(sorted({s.name for s in drained if name in s.queues})))
        for name in sorted(left)
    ]


def unserved_of_run(run: Run) -> list[UnservedQueue]:
    """Return the queues in which candidates of an active run wait without a worker."""
    if run.state != RunState.RUNNING:
        return []
    waiting = run.candidates.filter(state__in=WAITING_CANDIDATES).order_by()
    return unserved(set(waiting.values_list("queue", flat=True).distinct()))

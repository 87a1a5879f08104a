"""Queues in which work waits and that no worker serves: the text and the command of the alert."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.common.queue_names import DEVICE_PREFIX
from webapp.devices.queries import away_names

from .models import WAITING_CANDIDATES, Run, RunState, WorkerDrain
from .queries import live_slots, served_queues


@dataclass(frozen=True)
class UnservedQueue:
    """A queue whose work no worker takes.

    Attributes:
        name: the name of the queue.
        drained: the live workers that serve it and are drained.
        is_device: whether it is the queue of a device whose agent is away.
    """

    name: str
    drained: tuple[str, ...] = ()
    is_device: bool = False

    @property
    def reason(self) -> str:
        """The reason, as a clause after the name of the queue."""
        if self.is_device:
            return "whose device is away"
        return "whose workers are drained" if self.drained else "which no worker serves"

    @property
    def remedy(self) -> str:
        """The remedy, as a sentence that ends before the command."""
        if self.is_device:
            return "Start its agent on the device; its token is shown once, on the Devices page:"
        if self.drained:
            return f"Resume {' or '.join(self.drained)} on the fleet page, or start another worker:"
        return "Start one on a machine that has the code and the data:"

    @property
    def command(self) -> str:
        """The command that starts a worker for the queue."""
        if self.is_device:
            name = self.name.removeprefix(DEVICE_PREFIX)
            return f"python -m nasengine.agent --name {name} --server ADDRESS --token TOKEN"
        return f"celery -A workers worker -Q {self.name} --concurrency 1"


def unserved(queues: set[str]) -> list[UnservedQueue]:
    """Return those of the queues whose work no live worker takes, by name."""
    names = {queue.removeprefix(DEVICE_PREFIX) for queue in queues if _is_device(queue)}
    away = [UnservedQueue(f"{DEVICE_PREFIX}{n}", (), True) for n in sorted(away_names(names))]
    workers = {queue for queue in queues if not _is_device(queue)}
    return [*_without_workers(workers), *away]


def _is_device(queue: str) -> bool:
    return queue.startswith(DEVICE_PREFIX)


def _without_workers(queues: set[str]) -> list[UnservedQueue]:
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

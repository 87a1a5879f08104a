"""CUDA devices of workers: which workers may claim work of the queue for them, and their memory.

A trainer process reports its accelerator and the memory of its card once it has started. Until
then a worker that serves the queue is taken at its word; its trainer returns what it cannot do.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Now

from webapp.common.queue_names import CUDA_QUEUE, DEFAULT_QUEUE
from webapp.runs.leased import Leased
from webapp.runs.models import WorkerSlot
from webapp.runs.queries import live_slots

RETURNED = "returned"  # state of work that a trainer process could not start on its machine
GIB = 2**30


def default_queue() -> str:
    """Return where work waits that may use any device: CUDA if a live worker has it, else CPU."""
    serve = live_slots("evaluation").filter(queues__contains=[CUDA_QUEUE])
    return CUDA_QUEUE if any(not lacks_cuda(slot) for slot in serve) else DEFAULT_QUEUE


def needs_of(queue: str) -> str:
    """Return the device that work of this queue needs, "" if any device does."""
    return "cuda" if queue == CUDA_QUEUE else ""


def lacks_cuda(slot: WorkerSlot) -> bool:
    """Whether the trainer process of a worker has reported that it has no CUDA device."""
    accelerator = slot.facts.get("accelerator")
    return accelerator is not None and not str(accelerator).startswith("cuda")


def memory_of(slot: WorkerSlot | None) -> int:
    """Return the bytes of memory of a worker's card, 0 if it has none or has not reported it."""
    return int(slot.facts.get("memory_bytes") or 0) if slot is not None else 0


def fits(slot: WorkerSlot) -> Q:
    """Return the condition of work that this worker's device can do."""
    enough = Q(memory_above=None) | Q(memory_above__lt=memory_of(slot))
    return enough & ~Q(queue=CUDA_QUEUE) if lacks_cuda(slot) else enough


def larger_card(queue: str, memory: int) -> WorkerSlot | None:
    """Return a live worker of this queue whose card has more memory, None if there is none."""
    serve = live_slots("evaluation").filter(queues__contains=[queue])
    larger = [slot for slot in serve if memory_of(slot) > memory]
    return min(larger, key=memory_of, default=None)


def handed_back(reason: str, memory: int | None = None) -> dict[str, Any]:
    """Return the columns of work that goes back to its queue for another worker.

    Args:
        reason: why, for people.
        memory: bytes of the card that was too small; None: the card was not the reason.
    """
    above = {} if memory is None else {"memory_above": memory}
    return {
        "slot": None,
        "lease_until": None,
        "attempts": F("attempts") - 1,
        "started_at": None,
        "queued_at": Now(),
        "reason": reason,
        **above,
    }


def too_small(work: Leased, slot: WorkerSlot | None) -> str:
    """Return why work waits for a larger card; "" if no live worker has one."""
    memory = memory_of(slot)
    larger = larger_card(work.queue, memory) if memory else None
    if larger is None or slot is None:
        return ""
    return (
        f"out of memory on the card of worker {slot.name} ({memory / GIB:.1f} GiB): waits for a "
        f"larger one, such as that of worker {larger.name} ({memory_of(larger) / GIB:.1f} GiB)"
    )


def no_larger(work: Leased) -> str:
    """Return why work that waits for a larger card ends, once no live worker has one."""
    memory = work.memory_above or 0
    return (
        f"out of memory on a card of {memory / GIB:.1f} GiB, and no worker of the queue "
        f"{work.queue} has a larger one: lower the batch size, channels or cells"
    )

"""The NVIDIA cards of this machine, and the workers that `make run` starts for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
DEVICES = Path("/dev")
NO_CARD = ""
INVALID = (NO_CARD, "-1")


@dataclass(frozen=True)
class WorkerPlan:
    """A worker to start.

    Attributes:
        name: its name on pages and of its log.
        queues: the queues that it serves, separated by commas.
        environment: variables that only this worker has.
        concurrency: how many networks it trains at once.
    """

    name: str
    queues: str
    environment: dict[str, str] = field(default_factory=dict)
    concurrency: int = 1


def find_cards(environment: Mapping[str, str] | None = None, devices: Path = DEVICES) -> list[str]:
    """Return the cards as values of CUDA_VISIBLE_DEVICES, without loading CUDA.

    If that variable is set, they are the cards that it names, which may be indices or UUIDs.
    Otherwise every device file /dev/nvidiaN counts as one card.
    """
    environment = os.environ if environment is None else environment
    if VISIBLE in environment:
        named = (name.strip() for name in environment[VISIBLE].split(","))
        # CUDA ignores everything from the first invalid entry on, which usually is -1 or empty.
        return list(takewhile(lambda name: name not in INVALID, named))
    found = [path for path in devices.glob("nvidia*") if path.name[len("nvidia") :].isdigit()]
    return [str(number) for number in range(len(found))]


def plan_workers(slots: int, cards: list[str], per_card: int = 1) -> list[WorkerPlan]:
    """Return one worker per card, and workers for processors up to `slots` workers in total.

    The worker of a card trains `per_card` networks at once, those of processors one.
    A worker sees only its own card. Workers for processors see none, so that a candidate with
    device `auto` does not take memory of a card that another worker uses.
    """
    plans = [
        WorkerPlan(f"worker-{number}", "cuda,cpu", {VISIBLE: card}, max(1, per_card))
        for number, card in enumerate(cards, start=1)
    ]
    hidden = {VISIBLE: NO_CARD} if cards else {}
    for number in range(len(cards) + 1, slots + 1):
        plans.append(WorkerPlan(f"worker-{number}", "cpu", hidden))
    return plans

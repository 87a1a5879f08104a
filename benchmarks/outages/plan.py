"""The plan of a benchmark: which disasters happen, in which order, and after how much progress."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["worker", "coordinator", "trainer", "broker", "database"]
KILLS: tuple[tuple[Kind, int], ...] = (("worker", 45), ("coordinator", 25), ("trainer", 30))
MAX_DELAY_SECONDS = 1.0
BROKER_SECONDS = (0.2, 4.0)
DATABASE_SECONDS = (0.2, 3.0)
FLUSH_SHARE = 0.3


@dataclass(frozen=True)
class Disaster:
    """One kill of a process, or one stop of a server.

    Attributes:
        kind: the process or server that it hits.
        after: it is due when this share of all candidates has ended.
        delay_seconds: time from then until it happens, so that it hits any moment of a training.
        worker: number of the worker that it hits, for kinds `worker` and `trainer`.
        down_seconds: for how long a server is down; 0 for a kill.
        violent: the server is killed instead of being asked to stop.
        flush: FLUSHALL deletes every message of the broker, before it stops.
    """

    kind: Kind
    after: float
    delay_seconds: float
    worker: int = 0
    down_seconds: float = 0.0
    violent: bool = False
    flush: bool = False


def make_plan(
    seed: int, kills: int, broker_stops: int, database_stops: int, workers: int
) -> list[Disaster]:
    """Return the disasters in order, evenly spread over the progress of all runs.

    Kills hit workers, coordinators and trainer processes in the proportion of `KILLS`.
    """
    rng = random.Random(seed)
    kinds: list[Kind] = ["broker"] * broker_stops + ["database"] * database_stops
    kinds += split_kills(kills)
    rng.shuffle(kinds)
    return [
        _disaster(rng, kind, (number + 0.5) / len(kinds) * 0.98, workers)
        for number, kind in enumerate(kinds)
    ]


def split_kills(kills: int) -> list[Kind]:
    """Return the kinds of so many kills, in the proportion of `KILLS`."""
    total = sum(share for _, share in KILLS)
    kinds: list[Kind] = []
    for kind, share in KILLS[:-1]:
        kinds += [kind] * round(kills * share / total)
    return kinds + [KILLS[-1][0]] * (kills - len(kinds))


def _disaster(rng: random.Random, kind: Kind, after: float, workers: int) -> Disaster:
    delay = rng.uniform(0, MAX_DELAY_SECONDS)
    if kind == "broker":
        down, violent = rng.uniform(*BROKER_SECONDS), rng.random() < 0.5
        return Disaster(kind, after, delay, 0, down, violent, rng.random() < FLUSH_SHARE)
    if kind == "database":
        down, violent = rng.uniform(*DATABASE_SECONDS), rng.random() < 0.5
        return Disaster(kind, after, delay, 0, down, violent)
    return Disaster(kind, after, delay, rng.randrange(workers))

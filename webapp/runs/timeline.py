"""The timeline of a run: which worker evaluated which candidate when.

The page gets at most some thousand bars: candidates that are shorter than what a screen can show
are joined, per worker, into one bar with their number. A part of the time is asked for
with its start and end in seconds since the run's first candidate started.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Max, Min
from django.utils import timezone

from .columns import STATES, timed_candidates
from .models import Run, WorkerSlot

CELLS = 400  # a worker's bars that are shorter than one cell are joined with those next to them
MAX_WORKERS = 24  # rows, of the workers with the most candidates


@dataclass(frozen=True)
class Window:
    """A part of a run's time, in seconds since its first candidate started."""

    start: float
    end: float

    @property
    def cell(self) -> float:
        return max((self.end - self.start) / CELLS, 1e-9)


def timeline(run: Run, start: float | None = None, end: float | None = None) -> dict[str, Any]:
    """Return workers with their totals and the bars of a part of the time, as JSON.

    A bar is [worker, start, end, number of its first candidate, candidates, state]; `state` is
    that of the candidate, or of the least successful of several.
    """
    times = run.candidates.filter(slot__isnull=False).aggregate(
        first=Min("started_at"), last=Max("ended_at")
    )
    if times["first"] is None:
        return {"origin": None, "workers": [], "bars": [], "left_out": 0, "joined": False}
    origin = times["first"].timestamp()
    rows = timed_candidates(run)
    until = np.where(rows["end"] < 0, timezone.now().timestamp(), rows["end"]) - origin
    since = np.minimum(rows["start"] - origin, until)
    window = Window(0.0 if start is None else start, until.max() if end is None else end)
    names = dict(WorkerSlot.objects.filter(pk__in=rows["slots"]).values_list("pk", "name"))
    labels = np.array([names.get(slot, "deleted worker") for slot in rows["slots"]])
    worker = labels[rows["slot"]]
    workers, totals, left_out = _workers(worker, since, until, rows["state"])
    places = {name: place for place, name in enumerate(workers)}
    place = np.array([places.get(name, -1) for name in worker.tolist()])
    shown = (place >= 0) & (until >= window.start) & (since <= window.end)
    columns = {"place": place, "since": since, "until": until}
    bars = _bars({**columns, "number": rows["number"], "state": rows["state"]}, shown, window)
    return {
        "origin": times["first"].isoformat(),
        "workers": totals,
        "left_out": left_out,
        "bars": bars,
        "joined": any(bar[4] > 1 for bar in bars),
    }


def _workers(
    names: np.ndarray, since: np.ndarray, until: np.ndarray, states: np.ndarray
) -> tuple[list[str], list[dict[str, Any]], int]:
    """Return the names of the shown workers, what each did, and how many others there are."""
    every, counts = np.unique(names, return_counts=True)
    shown = sorted(every[np.argsort(-counts, kind="stable")[:MAX_WORKERS]].tolist())
    span = max(float(until.max() - since.min()), 1e-9)
    failed = np.isin(states, [STATES.index(s) for s in ("failed", "diverged", "lost", "cancelled")])
    totals = []
    for name in shown:
        own = names == name
        busy = float((until - since)[own].sum())
        totals.append(
            {
                "name": name,
                "candidates": int(own.sum()),
                "busy_s": round(busy, 3),
                "share": round(min(busy / span, 1.0), 4),
                "failed": int((own & failed).sum()),
            }
        )
    return shown, totals, len(every) - len(shown)


def _bars(columns: dict[str, np.ndarray], shown: np.ndarray, window: Window) -> list[list[Any]]:
    """Return one bar per long candidate and one per cell of short ones."""
    own = {name: column[shown] for name, column in columns.items()}
    place, since, until = own["place"], own["since"], own["until"]
    number, state = own["number"], own["state"]
    cell = np.floor((since - window.start) / window.cell).astype(np.int64)
    is_long = until - since >= window.cell
    key = np.where(is_long, -1 - np.arange(len(cell)), place * (10 * CELLS) + cell)
    _, group = np.unique(key, return_inverse=True)
    groups = int(group.max()) + 1 if len(group) else 0
    first, last = np.full(groups, np.inf), np.full(groups, -np.inf)
    lowest, worst = np.full(groups, np.iinfo(np.int64).max), np.zeros(groups, dtype=np.int64)
    row = np.zeros(groups, dtype=np.int64)
    np.minimum.at(first, group, since)
    np.maximum.at(last, group, until)
    np.minimum.at(lowest, group, number)
    np.maximum.at(worst, group, _RANK[state])
    row[group] = place
    count = np.bincount(group, minlength=groups)
    return [
        [int(r), round(float(a), 3), round(float(b), 3), int(n), int(c), _BY_RANK[int(w)]]
        for r, a, b, n, c, w in zip(row, first, last, lowest, count, worst, strict=True)
    ]


# The state of a joined bar is the one of these that comes last.
_BY_RANK = [
    *("done", "trained", "pruned", "stopped", "paused", "queued", "running"),
    *("cancelled", "lost", "diverged", "failed"),
]
_RANK = np.array([_BY_RANK.index(state) for state in STATES])

"""Processor, memory and cards of the process that trains, sampled with psutil and NVML."""

from __future__ import annotations

from typing import Any

import psutil

from webapp.runs.services.loads import Sample


class ProcessLoad:
    """Load of a process and its children; the processor's since the previous sample."""

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}

    def sample(self, pid: int, cards: list[dict[str, Any]]) -> Sample | None:
        """Return the present load; None if the process has ended.

        Args:
            pid: the process.
            cards: the facts of the cards of its worker, see `workers.cards`.
        """
        try:
            root = psutil.Process(pid)
            processes = [root, *root.children(recursive=True)]
        except psutil.Error:
            return None
        self._known = {p.pid: self._known.get(p.pid, p) for p in processes}
        percent, memory = 0.0, 0
        for process in self._known.values():
            try:
                percent += process.cpu_percent(interval=None)
                memory += process.memory_info().rss
            except psutil.Error:  # it has ended meanwhile
                continue
        loads = [card["load"] for card in cards if card.get("load") is not None]
        return Sample(
            cpu_percent=round(percent, 1),
            memory_bytes=memory,
            gpu_percent=round(100 * sum(loads) / len(loads), 1) if loads else None,
            gpu_memory_bytes=_sum(cards, "memory_used"),
            gpu_watts=_sum(cards, "power_w"),
        )


def _sum(cards: list[dict[str, Any]], name: str) -> float | None:
    values = [card[name] for card in cards if card.get(name) is not None]
    return sum(values) if values else None

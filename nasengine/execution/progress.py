"""Progress bar of a search, in a terminal or a notebook."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

from ..core.events import EngineEvent
from .budget import is_pruned

BAR_WIDTH = 24
MIN_SECONDS = 0.1  # between two redraws


class ProgressBar:
    """Draws one line on stderr from the events of a search and redraws it in place.

    It draws nothing if stderr is neither a terminal nor the output of a notebook cell.
    """

    def __init__(self, total: int, done: int = 0, first_objective: str = "", better: str = "lower"):
        self._total = total
        self._done = self._before = done
        self._objective = first_objective
        self._sign = -1.0 if better == "higher" else 1.0
        self._best: float | None = None
        self._detail = ""
        self._started = time.monotonic()
        self._drawn = 0.0
        self._width = 0
        self.visible = sys.stderr.isatty() or in_notebook()

    def take(self, event: EngineEvent) -> None:
        """Update the line with an event of the search."""
        if event.kind == "epoch":
            epoch, epochs = event.item.get("epoch"), event.item.get("epochs")
            self._detail = f"candidate {event.number}"
            if epoch and epochs:
                self._detail += f" epoch {epoch}/{epochs}"
        elif event.kind == "outcome":
            self._done += not is_pruned(event.item["state"])
            self._take_outcome(event.item)
        else:
            return
        complete = event.kind == "outcome" and self._done >= self._total
        if complete or time.monotonic() - self._drawn >= MIN_SECONDS:
            self._draw()

    def close(self) -> None:
        """Draw the last state and end the line."""
        if self.visible and self._width:
            self._draw()
            sys.stderr.write("\n")
            sys.stderr.flush()

    def text(self) -> str:
        """Return the line: bar, count, rate, best value, candidate in training."""
        share = self._done / self._total if self._total else 1.0
        filled = round(BAR_WIDTH * share)
        parts = [f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {self._done}/{self._total}"]
        seconds = time.monotonic() - self._started
        fresh = self._done - self._before
        if fresh and seconds > 0:
            left = (self._total - self._done) * seconds / fresh
            parts.append(f"{_clock(seconds)}<{_clock(left)}")
        if self._best is not None:
            parts.append(f"best {self._objective} {self._best:.4g}")
        return "  ".join([*parts, self._detail]).rstrip()

    def _take_outcome(self, outcome: dict[str, Any]) -> None:
        self._detail = ""
        if outcome["state"] != "done":
            return
        for measurement in outcome["measurements"]:
            if measurement["objective"] == self._objective:
                value = measurement["value"]
                if self._best is None or self._sign * value < self._sign * self._best:
                    self._best = value

    def _draw(self) -> None:
        if not self.visible:
            return
        line = self.text()[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width, self._drawn = len(line), time.monotonic()


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

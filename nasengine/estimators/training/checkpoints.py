"""Checkpoints of a training: written between epochs, found again by another process.

A continued training gives the same weights and reports as one that was never interrupted, bit by
bit on the CPU. On GPUs some operations are not deterministic, so the last digits may differ there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ...core.meter import Meter
from ...core.progress import Progress
from ...core.text import one_line
from ...metering.shared import card_clock
from .checkpoint_file import DAMAGED, Damaged, packed, unpacked
from .data_parallel import current_group
from .score import Score
from .training_state import TrainingState

KEPT = 2  # the newest and, should it be damaged, the one before
NAME = re.compile(r"epoch-(\d{6,})\.safetensors")
Pack = Callable[[], bytes]


class Checkpoints:
    """The checkpoints of one training.

    Without `progress` nothing is kept. A place that cannot be written never ends a training:
    it is reported once, and tried again after the next epoch.

    Args:
        progress: The place, None for none.
        meter: Takes the time of an earlier attempt.
        device_kind: Kind of the device, for the meter.

    Attributes:
        scores: One for each finished epoch, those of an earlier attempt included.
    """

    def __init__(
        self,
        progress: Progress | None = None,
        meter: Meter | None = None,
        device_kind: str = "cpu",
    ):
        self.progress = progress
        self.identity: dict[str, str] = {}
        self.meter = meter or Meter()
        self.device_kind = device_kind
        self.scores: list[Score | None] = []
        self._started = self._written = time.monotonic()
        self._card_started = card_clock.value()
        self._pending: tuple[int, Pack] | None = None
        self._failed = False

    def identify(self, facts: Callable[[], dict[str, str]]) -> None:
        """Take what makes it this training, in addition to the identity of `progress`."""
        if self.progress is not None:
            self.identity = {**self.progress.identity, **facts()}

    def resume(self, state: TrainingState) -> int:
        """Continue from the newest usable checkpoint; return the number of finished epochs.

        A checkpoint that is damaged or belongs to another training is not used, and the reason
        is reported.
        """
        progress = self.progress
        if progress is None:
            return 0
        reasons = []
        try:
            for epoch in reversed(self._epochs()):
                reason = self._load(epoch, state)
                if not reason:
                    return epoch
                reasons.append(f"that after epoch {epoch} {reason}")
        except OSError as error:
            address = progress.storage.address
            reasons.append(f"{address} cannot be read: {one_line(str(error), 200)}")
        if reasons:
            text = f"starts at epoch 1, no checkpoint could be used: {'; '.join(reasons)}"
            self._notify(text, "warning", resumed=0, curve=[])
            with suppress(OSError):
                progress.storage.clear()
        return 0

    def after_epoch(self, state: TrainingState, score: Score | None, *, is_last: bool) -> None:
        """Record the score of an epoch, and store a checkpoint if the last one is old enough.

        Otherwise the state is kept in memory for `flush`. The last epoch is not kept: a training
        that is interrupted while it is measured repeats that epoch.
        """
        self.scores.append(score)
        if self.progress is None or is_last or not current_group().is_first:
            return
        tensors, values = state.tensors(), self._values(state)
        self._pending = len(self.scores), lambda: packed(tensors, values)
        if time.monotonic() - self._written >= self.progress.seconds:
            self.flush()

    def flush(self) -> None:
        """Store the state after the last finished epoch now, because the process ends."""
        if self.progress is None or self._pending is None:
            return
        epoch, pack = self._pending
        storage = self.progress.storage
        self._pending = None
        self._written = time.monotonic()
        try:
            storage.put(_name(epoch), pack())
            for old in self._epochs()[:-KEPT]:
                storage.remove(_name(old))
        except OSError as error:
            self._report_failure(epoch, error)
        else:
            self._failed = False
            self.progress.notify({"kept": epoch})

    def _epochs(self) -> list[int]:
        assert self.progress is not None
        found = [NAME.fullmatch(name) for name in self.progress.storage.names()]
        return sorted(int(match[1]) for match in found if match)

    def _load(self, epoch: int, state: TrainingState) -> str:
        """Restore a checkpoint; return why it cannot be used, "" if it was restored."""
        assert self.progress is not None
        content = self.progress.storage.get(_name(epoch))
        if content is None:
            return "is missing"
        try:
            tensors, values = unpacked(content)
        except Damaged:
            return "is damaged"
        differing = [
            name
            for name in sorted(self.identity.keys() | values["identity"].keys())
            if values["identity"].get(name) != self.identity.get(name)
        ]
        if differing:
            return f"is of another training (other {', '.join(differing)})"
        before = state.tensors(), state.values()
        try:
            state.restore(tensors, values["state"])
        except DAMAGED as error:
            state.restore(*before)
            return f"does not fit: {one_line(str(error), 200)}"
        self._continue(epoch, values)
        return ""

    def _continue(self, epoch: int, values: dict[str, Any]) -> None:
        assert self.progress is not None
        self.scores[:] = [Score(**score) if score else None for score in values["scores"]]
        self.progress.curve[:] = values["curve"]
        gpu = values.get("gpu_seconds", values["seconds"])  # older checkpoints have only seconds
        self.meter.add_earlier(values["seconds"], gpu, self.device_kind)
        self._notify(
            f"continued at epoch {epoch + 1} from a checkpoint",
            "info",
            resumed=epoch,
            curve=values["curve"],
        )

    def _values(self, state: TrainingState) -> dict[str, Any]:
        assert self.progress is not None
        return {
            "identity": self.identity,
            "state": state.values(),
            "scores": [asdict(score) if score else None for score in self.scores],
            "curve": list(self.progress.curve),
            "seconds": time.monotonic() - self._started + self.meter.earlier_seconds,
            "gpu_seconds": card_clock.value() - self._card_started + (self.meter.gpu_seconds or 0),
        }

    def _report_failure(self, epoch: int, error: OSError) -> None:
        assert self.progress is not None
        if self._failed:
            return
        self._failed = True
        text = (
            f"the checkpoint after epoch {epoch} could not be stored in "
            f"{self.progress.storage.address}: {error.strerror or one_line(str(error), 200)}; free "
            "some space or make it writable; the training goes on without"
        )
        self._notify(text, "warning")

    def _notify(self, text: str, level: str, **more: Any) -> None:
        assert self.progress is not None
        self.progress.notify({"notice": text, "level": level, **more})


def _name(epoch: int) -> str:
    return f"epoch-{epoch:06}.safetensors"

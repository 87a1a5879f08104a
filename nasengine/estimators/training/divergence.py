"""Notices when a training leaves the finite numbers."""

from __future__ import annotations

import math

import torch

from ...core.errors import Diverged

# Reading a number waits for the GPU; on the CPU it costs nothing.
STEPS_BETWEEN_LOOKS = {"cpu": 1}
OTHERWISE = 50


class LossWatch:
    """Takes the loss of every step and looks at them now and then; sums them up.

    Every loss is looked at, only later: the step named is the first that went wrong.
    """

    def __init__(self, epoch: int, rate_setting: float, device: torch.device):
        self.epoch = epoch
        self.remedy = f"lower the learning rate ({rate_setting:g})"
        self.every = STEPS_BETWEEN_LOOKS.get(device.type, OTHERWISE)
        self.waiting: list[torch.Tensor] = []
        self.steps = 0
        self.total = 0.0

    def add(self, loss: torch.Tensor) -> None:
        """The loss of the next step, a tensor of one number.

        Raises:
            Diverged: one of the losses so far is not finite.
        """
        self.waiting.append(loss.detach())
        if len(self.waiting) >= self.every:
            self.look()

    def look(self) -> None:
        """Looks at the losses that wait.

        Raises:
            Diverged: one of them is not finite.
        """
        if not self.waiting:
            return
        for loss in torch.stack(self.waiting).float().tolist():
            self.steps += 1
            self.total += loss
            if not math.isfinite(loss):
                raise Diverged(
                    f"loss became {word(loss)} at epoch {self.epoch}, step {self.steps}; "
                    f"{self.remedy}"
                )
        self.waiting.clear()

    @property
    def mean(self) -> float:
        """Mean of the losses looked at."""
        return self.total / max(self.steps, 1)

    def check(self, network: torch.nn.Module, valid_loss: float | None) -> None:
        """Looks at weights, running statistics and validation loss after the epoch.

        Raises:
            Diverged: one of them is not finite.
        """
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                raise Diverged(
                    f"weights ({name}) left the finite numbers in epoch {self.epoch}; {self.remedy}"
                )
        if valid_loss is not None and not math.isfinite(valid_loss):
            raise Diverged(
                f"validation loss became {word(valid_loss)} at epoch {self.epoch}; {self.remedy}"
            )


def word(value: float) -> str:
    """What a person calls a number that is none."""
    return "NaN" if math.isnan(value) else "infinite"


def finite_or_none(value: float | None) -> float | None:
    """The value where JSON has a word for it."""
    return value if value is not None and math.isfinite(value) else None

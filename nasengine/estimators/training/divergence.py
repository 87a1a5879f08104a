"""Detection of diverged trainings (NaN or infinity)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from ...core.errors import Diverged

# Reading a number from a GPU waits for its pending work; on the CPU it is free.
STEPS_BETWEEN_CHECKS = {"cpu": 1}
DEFAULT_STEPS_BETWEEN_CHECKS = 50


class LossMonitor:
    """Sums the losses of an epoch's steps and checks that they are finite.

    On GPUs losses are checked in groups. Every loss is checked, so the step in the message is
    the first one that diverged.
    """

    def __init__(self, epoch: int, peak_rate: float, device: torch.device):
        self.epoch = epoch
        self.remedy = f"lower the learning rate ({peak_rate:g})"
        self.interval = STEPS_BETWEEN_CHECKS.get(device.type, DEFAULT_STEPS_BETWEEN_CHECKS)
        self.pending: list[torch.Tensor] = []
        self.steps = 0
        self.total = 0.0

    def add(self, loss: torch.Tensor) -> None:
        """Add the loss of the next step (a scalar tensor).

        Raises:
            Diverged: a loss so far is not finite.
        """
        self.pending.append(loss.detach())
        if len(self.pending) >= self.interval:
            self.check_pending()

    def check_pending(self) -> None:
        """Check and sum the losses that were not checked yet.

        Raises:
            Diverged: one of them is not finite.
        """
        if not self.pending:
            return
        for loss in torch.stack(self.pending).float().tolist():
            self.steps += 1
            self.total += loss
            if not math.isfinite(loss):
                raise Diverged(
                    f"training loss became {name_of(loss)} at epoch {self.epoch}, "
                    f"step {self.steps}: {self.remedy}"
                )
        self.pending.clear()

    @property
    def mean(self) -> float:
        """Mean of the checked losses."""
        return self.total / max(self.steps, 1)

    def check(self, network: torch.nn.Module, valid_loss: float | None) -> None:
        """Check weights, running statistics and validation loss after the epoch.

        Raises:
            Diverged: one of them is not finite.
        """
        check_finite(network.state_dict(), self.epoch, self.remedy)
        if valid_loss is not None and not math.isfinite(valid_loss):
            raise Diverged(
                f"validation loss became {name_of(valid_loss)} at epoch {self.epoch}: {self.remedy}"
            )


def check_finite(tensors: Mapping[str, torch.Tensor], epoch: int, remedy: str) -> None:
    """Raise Diverged if a named tensor has a value that is not finite."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise Diverged(f"weights {name} became NaN or infinite in epoch {epoch}: {remedy}")


def name_of(value: float) -> str:
    """Return "NaN" or "infinite" for a value that is not finite."""
    return "NaN" if math.isnan(value) else "infinite"


def finite_or_none(value: float | None) -> float | None:
    """Return the value if JSON can represent it, else None."""
    return value if value is not None and math.isfinite(value) else None

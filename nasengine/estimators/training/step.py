"""One training step on images: forward and backward pass, clipping, optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from ...spaces.layers.learned_group import Condensing
from .data_parallel import current_group
from .graphs import StepGraphs
from .optimizer import set_rate

if TYPE_CHECKING:
    from ...core.dataset import Part
    from .loop import Job


class TrainingStep:
    """The step of a training; on CUDA it is recorded as a graph, see `graphs`.

    It reads no number from the device. Learning rate and drop-path probability are then scalars
    on the device.
    """

    def __init__(self, job: Job[Part], optimizer: torch.optim.Optimizer):
        self.job = job
        self.optimizer = optimizer
        self.group = current_group()
        self.graphs = StepGraphs(self._take, job.context.recorder, self._why_eager())
        config, device = job.config, job.context.device
        self.drop_path: torch.Tensor | None = None
        if config.drop_path and device.type == "cuda":
            self.drop_path = torch.zeros((), device=device)

    def __call__(
        self, images: torch.Tensor, labels: torch.Tensor, rate: float, progress: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take a step; return the loss before it, without further terms, and the wrong answers.

        Args:
            images: n x c x h x w on the device.
            labels: n, on the device.
            rate: Learning rate of the step.
            progress: Finished share of the training.
        """
        config, network = self.job.config, self.job.network
        set_rate(self.optimizer, rate)
        drop: Any = config.drop_path * progress
        if self.drop_path is not None:
            drop = self.drop_path.fill_(drop)
        attributes: Any = network  # has the attributes of `CellNetwork`
        attributes.drop_path = drop
        attributes.drop_path_by_depth = config.drop_path_by_depth
        set_progress(network, progress)
        loss, missed = self.graphs(images, labels)
        return loss, missed

    def _take(
        self, images: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        config, network = self.job.config, self.job.network
        share = self.group.share(images, labels)
        with self.job.context.autocast():
            output = network(share.images)
        logits, auxiliary = output if isinstance(output, tuple) else (output, None)
        loss = total = self._loss(logits, share.labels)
        if auxiliary is not None:
            total = loss + config.auxiliary_weight * self._loss(auxiliary, share.labels)
        if config.group_lasso and isinstance(network, Condensing):
            total = total + config.group_lasso * network.group_lasso()
        self.optimizer.zero_grad(set_to_none=True)
        share.weighted(total).backward()
        missed = (logits.detach().argmax(1) != share.labels).sum()
        loss, missed = self.group.add_up(network, share.weighted(loss), share.counted(missed))
        if config.gradient_clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
        self.optimizer.step()
        return loss.detach(), missed

    def _why_eager(self) -> str:
        if self.group.size > 1:
            return "several processes share the training"
        if hasattr(self.job.network, "progress"):
            return "the network changes its form during the training"
        return ""

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        smoothing = self.job.config.label_smoothing
        return functional.cross_entropy(logits.float(), labels, label_smoothing=smoothing)


def set_progress(network: Any, progress: float) -> None:
    """Set the finished share of the training on networks that change during training.

    It is 1 after the last step, so the final score is that of the network's final form.
    """
    if hasattr(network, "progress"):
        network.progress = progress

"""Data-parallel training: several processes that torchrun started train one network together.

Every process goes through the same batches and trains on its share of the images of each. The
gradients are added up before the optimizer's step, and batch normalisation takes mean and
variance over the shares of all processes. So a training gives the same result as one process
with the same batches, up to the order in which numbers are added. Drop path and dropout draw
other random numbers in each process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import distributed

from ...core.errors import EngineError
from ...core.seeds import derive


class Group:
    """The processes of one training, as this process sees them.

    Attributes:
        rank: Number of this process; process 0 reports, stores and tests.
        size: How many they are.
    """

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank = rank
        self.size = size

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def agreed(self, asked: Callable[[], bool]) -> Callable[[], bool]:
        """Return a callable that is true in all processes as soon as `asked` is in one.

        All processes have to call it equally often.
        """
        if self.size == 1:
            return asked

        def any_asked() -> bool:
            flag = torch.tensor([float(asked())])
            distributed.all_reduce(flag)
            return bool(flag.item())

        return any_asked

    def check_equal(self, value: int, what: str) -> None:
        """Check that a number is the same in all processes.

        Raises:
            EngineError: it is not.
        """
        if self.size == 1:
            return
        values = [torch.zeros(1, dtype=torch.long) for _ in range(self.size)]
        distributed.all_gather(values, torch.tensor([value]))
        numbers = [int(value) for value in values]
        if len(set(numbers)) > 1:
            raise EngineError(f"the processes of the training differ in {what}: {numbers}")

    def start_epoch(self, seed: int, step: int) -> None:
        """Let the network draw other random numbers in each further process."""
        if self.rank:
            torch.manual_seed(derive(seed, f"process {self.rank}", step))

    def share(self, images: torch.Tensor, labels: torch.Tensor) -> Share:
        """Return this process's share of a batch; all of it if there are too few images."""
        count = len(labels)
        if self.size == 1:
            return Share(images, labels)
        if count < self.size:
            return Share(images, labels, 1 / self.size, 1 / self.size)
        start, end = (count * rank // self.size for rank in (self.rank, self.rank + 1))
        return Share(images[start:end], labels[start:end], (end - start) / count)

    def add_up(
        self, network: torch.nn.Module, loss: torch.Tensor, wrong: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add up the gradients of all processes in place; return loss and wrong answers in sum."""
        if self.size == 1:
            return loss, wrong
        gradients = [
            parameter.grad for parameter in network.parameters() if parameter.grad is not None
        ]
        sums = torch.stack([loss.detach().float(), wrong.float()])
        flat = torch.cat([sums, *(gradient.reshape(-1) for gradient in gradients)])
        distributed.all_reduce(flat)
        position = len(sums)
        for gradient in gradients:
            part = flat[position : position + gradient.numel()]
            gradient.copy_(part.view_as(gradient))
            position += gradient.numel()
        return flat[0], flat[1]

    def normalise_together(self, network: torch.nn.Module) -> None:
        """Let every batch normalisation use the images of all processes."""
        for module in network.modules() if self.size > 1 else ():
            if type(module) is torch.nn.BatchNorm2d:
                module.__class__ = JointBatchNorm

    def normalise_apart(self, network: torch.nn.Module) -> None:
        """Undo `normalise_together`."""
        for module in network.modules():
            if isinstance(module, JointBatchNorm):
                cast(Any, module).__class__ = torch.nn.BatchNorm2d


class Share:
    """A share of a batch.

    Attributes:
        weight: Factor of its mean loss; those of all processes add up to 1.
        count_weight: Factor of what is counted in it.
    """

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        weight: float | None = None,
        count_weight: float = 1.0,
    ):
        self.images = images
        self.labels = labels
        self.weight = weight
        self.count_weight = count_weight

    def weighted(self, loss: torch.Tensor) -> torch.Tensor:
        return loss if self.weight is None else loss * self.weight

    def counted(self, wrong: torch.Tensor) -> torch.Tensor:
        return wrong if self.weight is None else wrong * self.count_weight


class JointBatchNorm(torch.nn.BatchNorm2d):
    """Batch normalisation over the images of all processes, on any device."""

    is_joint = True  # compiled kernels that normalise one process's images skip it

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        count = torch.tensor([float(values.numel() // values.shape[1])], device=x.device)
        sums = torch.cat([values.sum((0, 2, 3)), values.square().sum((0, 2, 3)), count])
        sums = _Sum.apply(sums)
        total = sums[-1].detach()
        mean, square = sums[:-1].div(total).chunk(2)
        variance = (square - mean.square()).clamp_min(0)
        self._remember(mean.detach(), variance.detach() * total / (total - 1).clamp_min(1))
        scale = torch.rsqrt(variance + self.eps)
        shift = -mean * scale
        if self.affine:
            scale, shift = scale * self.weight, shift * self.weight + self.bias
        return (values * scale[:, None, None] + shift[:, None, None]).to(x.dtype)

    def _remember(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        if not self.track_running_stats:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        rate = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        for kept, new in ((self.running_mean, mean), (self.running_var, variance)):
            assert kept is not None
            kept.lerp_(new, rate)


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes; so is the sum of its gradients."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


def current_group() -> Group:
    """Return the processes of the training; only this one outside of `join`."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return Group()
    return Group(distributed.get_rank(), distributed.get_world_size())


@contextmanager
def join() -> Iterator[Group]:
    """Join the processes that torchrun started.

    On CUDA each process uses the card of its local rank and they talk by NCCL, otherwise by gloo.
    """
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo")
    try:
        yield current_group()
    finally:
        distributed.destroy_process_group()

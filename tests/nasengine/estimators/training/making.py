"""Evaluations of small networks, and the pieces a training loop is tested with."""

from __future__ import annotations

import numpy as np
import torch

from nasengine.core.dataset import Part
from nasengine.core.estimator import Evaluation
from nasengine.core.proposal import Proposal
from nasengine.core.settings import from_mapping
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.device_context import DeviceContext
from nasengine.estimators.training.loop import Job
from nasengine.spaces.cell.space import CellSpace

CPU = DeviceContext(torch.device("cpu"), torch.float32, torch.contiguous_format)


def config(**values) -> TrainConfig:
    """Settings on one processor thread."""
    return from_mapping(TrainConfig, {"device": "cpu", "threads": 1, **values})


def evaluation(seed=1, architecture=0, reports=None, cancelled=lambda: False, **dataset):
    """A small cell on digits; `architecture` is the seed it is drawn with."""
    space = CellSpace(from_mapping(CellSpace.Config, {"cells": 2, "channels": 4, "nodes": 2}))
    return Evaluation(
        proposal=Proposal(7, space.sample(np.random.default_rng(architecture))),
        space=space,
        goals=(),
        seed=seed,
        dataset="digits",
        dataset_config=dataset,
        report=(reports if reports is not None else []).append,
        cancelled=cancelled,
    )


class Scripted(torch.nn.Module):
    """Logits 2 classes wide, (weight, 0) for every image; keeps what it was shown."""

    def __init__(self, weight: float = 0.0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weight))
        self.drop_path = 0.0
        self.dropped: list[float] = []
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.dropped.append(self.drop_path)
            self.seen.append(images.detach().clone())
        return torch.stack([self.weight, torch.zeros(())]).expand(len(images), 2)


def numbered(count: int, label: int = 0) -> Part:
    """Images 1 x 2 x 2 whose pixels all are their position, of one class."""
    images = torch.arange(count, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    return Part(images.clone(), torch.full((count,), label))


def job(network, settings, *, train=None, valid=None, reports=None, cancelled=lambda: False) -> Job:
    """A training of a network on its own."""
    return Job(
        network=network,
        train=train or numbered(8),
        valid=valid or numbered(4),
        config=settings.settled("images"),
        place=CPU,
        seed=3,
        report=(reports if reports is not None else []).append,
        cancelled=cancelled,
    )

"""Steps of ENAS micro: its supernet runs another architecture in each step."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import torch

from benchmarks.cuda.cases import CLASSES, SHAPE, Sizes
from nasengine.core.dataset import Part
from nasengine.estimators.one_shot.common.batch import FeedSettings
from nasengine.estimators.one_shot.common.images import ImageFeed
from nasengine.estimators.one_shot.common.supernet import Passes, Supernet
from nasengine.estimators.one_shot.enas.epoch import EnasTraining
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.device_context import DeviceContext
from nasengine.spaces.enas_micro.config import EnasMicroConfig
from nasengine.spaces.enas_micro.space import EnasMicroSpace
from nasengine.strategies.one_shot.enas.config import EnasConfig

CHILD_STEPS, CONTROLLER_STEPS = 12, 3


def enas_seconds(sizes: Sizes, device: torch.device, precision: str) -> dict[str, float]:
    """Return the milliseconds of a child step and of a controller step."""
    torch.manual_seed(0)
    space = EnasMicroSpace(EnasMicroConfig(cells=sizes.cells, channels=sizes.channels))
    network: Any = space.build(space.supernet(), SHAPE, CLASSES)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    context = DeviceContext(device, dtype, torch.channels_last)
    part = Part(torch.randn(16 * sizes.batch, *SHAPE), torch.randint(CLASSES, (16 * sizes.batch,)))
    settings = FeedSettings(
        context=context,
        augmentation=TrainConfig(crop=4, flip=True),
        batch_size=sizes.batch,
        weights_portion=0.8,
        bptt=1,
        seed=0,
        cancelled=lambda: False,
    )
    feed: Any = ImageFeed((part, part), settings)
    evaluation: Any = SimpleNamespace(space=space, costs=None)
    note = {"seed": 0, "epoch": 0, "epochs": 150, "from": None, "spent": None}
    supernet = Supernet(
        network.to(device).train(), context, feed, note, evaluation, "images", Passes()
    )
    config = EnasConfig(controller_steps=CONTROLLER_STEPS)
    training = EnasTraining(config, supernet)
    result = {}
    for name, run, steps in (
        ("child", training._weight_steps, feed.steps(0)),
        ("controller", training._controller_steps, CONTROLLER_STEPS),
    ):
        run()
        _finish(device)
        started = time.perf_counter()
        run()
        _finish(device)
        took = 1000 * (time.perf_counter() - started) / steps
        result[f"{precision} {name} ms"] = took
    return result


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()

"""Steps of searches and trainings at the papers' sizes, on random images and words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn import functional

from benchmarks.one_shot.plain import PlainCellNetwork
from benchmarks.one_shot.plain_blocks import plain as with_plain_blocks
from nasengine.core.dataset import Part
from nasengine.core.space import Space
from nasengine.estimators.one_shot.common.batch import Pair
from nasengine.estimators.one_shot.common.gradients import DartsStep
from nasengine.estimators.one_shot.common.images import ImageBatch
from nasengine.estimators.one_shot.common.texts import TextBatch
from nasengine.estimators.one_shot.darts.pair_step import PairStep
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.device_context import DeviceContext
from nasengine.estimators.training.loop import Job
from nasengine.estimators.training.optimizer import make_optimizer, rate_on
from nasengine.estimators.training.step import TrainingStep
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.common.membership import resized
from nasengine.spaces.nb201.config import NB201Config
from nasengine.spaces.nb201.space import NB201Space
from nasengine.spaces.published.darts import DARTS_V2
from nasengine.spaces.recurrent_cell.config import RecurrentCellConfig
from nasengine.spaces.recurrent_cell.space import RecurrentCellSpace

SHAPE, CLASSES = (3, 32, 32), 10


@dataclass(frozen=True)
class Sizes:
    """Sizes of the networks and batches; the defaults are those of the papers."""

    batch: int = 64
    channels: int = 16
    cells: int = 8
    evaluation_batch: int = 96
    evaluation_channels: int = 36
    evaluation_cells: int = 20
    nb201_cells: int = 5
    hidden: int = 300
    words: int = 35
    vocabulary: int = 10_000

    @classmethod
    def tiny(cls) -> Sizes:
        """Return sizes for a dry run."""
        return cls(4, 4, 3, 4, 4, 3, 1, 8, 3, 20)


def context_of(device: torch.device, precision: str, *, graphs: bool) -> DeviceContext:
    """Return a device context."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    return DeviceContext(device, dtype, torch.channels_last, graphs)


def random_images(count: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images in channels-last format, and labels."""
    images = torch.randn(count, *SHAPE).contiguous(memory_format=torch.channels_last)
    return images.to(device), torch.randint(CLASSES, (count,)).to(device)


class Case:
    """Something that takes steps."""

    network: Any

    def take(self) -> None:
        """Take a step."""
        raise NotImplementedError

    def parameters_after(self, steps: int) -> list[torch.Tensor]:
        """Take steps and return the parameters."""
        for _ in range(steps):
            self.take()
        return [parameter.detach().clone() for parameter in self.network.parameters()]


class DartsCase(Case):
    """Both steps of DARTS on the supernet of `cell` or `nb201`, or on the plain twin of `cell`."""

    def __init__(
        self,
        sizes: Sizes,
        device: torch.device,
        *,
        graphs: bool,
        second: bool = False,
        precision: str = "float32",
        space: str = "cell",
        plain: bool = False,
    ):
        torch.manual_seed(0)
        self.context = context_of(device, precision, graphs=graphs)
        cell = CellConfig(cells=sizes.cells, channels=sizes.channels)
        spaces: dict[str, Space] = {
            "cell": CellSpace(cell),
            "nb201": NB201Space(NB201Config(cells=sizes.nb201_cells, channels=sizes.channels)),
        }
        supernet = spaces[space].supernet()  # type: ignore[attr-defined]
        network: Any = (
            PlainCellNetwork(cell, SHAPE, CLASSES)
            if plain
            else spaces[space].build(supernet, SHAPE, CLASSES)
        )
        self.network = network.to(device).train()
        named = list(self.network.named_parameters())
        self.weights = [parameter for name, parameter in named if not name.startswith("alphas.")]
        on_cuda = device.type == "cuda"
        self.sgd = torch.optim.SGD(
            self.weights, rate_on(device, 0.025), 0.9, weight_decay=3e-4, fused=on_cuda
        )
        self.adam = torch.optim.Adam(
            list(self.network.alphas.parameters()),
            3e-4,
            betas=(0.5, 0.999),
            weight_decay=1e-3,
            fused=on_cuda,
            capturable=on_cuda,
        )
        self.batches = [
            ImageBatch(*random_images(sizes.batch, device), self.context) for _ in range(2)
        ]
        self.plain = plain
        if not plain:
            step = DartsStep(self.network, self.sgd, self.adam, second=second)
            self.pair = PairStep(self.network, step, self.context, searches=True)

    @property
    def description(self) -> str:
        """How the steps were taken."""
        return self.pair.graphs.description

    def take(self) -> None:
        if not self.plain:
            self.pair(Pair(*self.batches))
            return
        for batch, optimizer in zip(self.batches, (self.adam, self.sgd), strict=True):
            self.network.zero_grad()
            functional.cross_entropy(self.network(batch.images), batch.labels).backward()
            if optimizer is self.sgd:
                torch.nn.utils.clip_grad_norm_(self.weights, 5.0)
            optimizer.step()


class RecurrentCase(Case):
    """Both steps of DARTS on the supernet of `recurrent-cell`."""

    def __init__(self, sizes: Sizes, device: torch.device, *, graphs: bool):
        torch.manual_seed(0)
        context = context_of(device, "float32", graphs=graphs)
        space = RecurrentCellSpace(
            RecurrentCellConfig(hidden=sizes.hidden, input_dropout=0.0, output_dropout=0.0)
        )
        self.network: Any = space.build(space.supernet(), (1,), sizes.vocabulary)
        self.network.to(device).train()
        sgd = torch.optim.SGD(
            self.network.weight_parameters(), rate_on(device, 0.5), fused=device.type == "cuda"
        )
        on_cuda = device.type == "cuda"
        adam = torch.optim.Adam(
            self.network.architecture_parameters(), 3e-3, fused=on_cuda, capturable=on_cuda
        )
        step = DartsStep(self.network, sgd, adam, clip=0.25)
        self.pair = PairStep(self.network, step, context, searches=True)
        words = [
            torch.randint(sizes.vocabulary, (sizes.batch, sizes.words), device=device)
            for _ in range(2)
        ]
        state = torch.zeros(sizes.batch, sizes.hidden, device=device)
        self.batches = [TextBatch(window, window.roll(1), state, 1.0, context) for window in words]

    def take(self) -> None:
        self.pair(Pair(*self.batches))


class EvaluationCase(Case):
    """A step of DARTS_V2 by the protocol `darts-cifar10`: auxiliary head, drop-path, clipping."""

    def __init__(
        self,
        sizes: Sizes,
        device: torch.device,
        *,
        graphs: bool,
        plain: bool = False,
        precision: str = "float32",
    ):
        torch.manual_seed(0)
        context = context_of(device, precision, graphs=graphs)
        cells, channels = sizes.evaluation_cells, sizes.evaluation_channels
        space = CellSpace(CellConfig(cells=cells, channels=channels))
        architecture = resized(CellConfig, DARTS_V2, cells=cells, channels=channels)
        network = space.build(architecture, SHAPE, CLASSES, auxiliary=True)
        if plain:
            network = with_plain_blocks(network).to(device)
            context = replace(context, memory_format=torch.contiguous_format)
        self.network = context.move(network).train()
        config = TrainConfig(drop_path=0.2, auxiliary_weight=0.4, epochs=600).resolve("images")
        self.images, self.labels = random_images(sizes.evaluation_batch, device)
        part = Part(self.images, self.labels)
        job = Job(self.network, part, None, config, context, 0, print, lambda: False)
        self.step = TrainingStep(job, make_optimizer(network, config, device))
        self.images = context.batch(self.images)

    def take(self) -> None:
        self.step(self.images, self.labels, 0.025, 0.5)

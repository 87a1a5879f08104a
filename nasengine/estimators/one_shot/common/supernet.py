"""Set-up and outcome of every supernet training: device, data, network, metrics, report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from ....core.dataset import DataKind
from ....core.errors import Diverged
from ....core.estimator import Evaluation
from ....core.outcome import Outcome
from ....core.seeds import derive
from ....core.torch_state import seeded, threads
from ....data.common.named import named_dataset
from ....spaces.layers.head_dropout import add_head_dropout
from ...training.config import TrainConfig
from ...training.device_context import DeviceContext, find_device_context
from ...training.divergence import LossMonitor, check_finite
from ...training.loop import elapsed
from ...training.out_of_memory import is_out_of_memory, release_memory
from ...training.schedule import half_cosine, restarted_cosine
from .batch import Batch, Feed, FeedSettings
from .images import ImageFeed
from .texts import TextFeed

if TYPE_CHECKING:
    from ....strategies.one_shot.common.config import SupernetConfig
    from ..shared import OneShotConfig

SIGNIFICANT_DIGITS = 6
EPOCH_DECIMALS = 4
AUGMENTATION = ("crop", "flip", "cutout")
FEEDS: dict[DataKind, Any] = {"images": ImageFeed, "text": TextFeed}


@dataclass
class Passes:
    """The examples that update steps of a supernet have read, and those of one network's epoch."""

    examples: int = 0
    in_epoch: int = 1

    @property
    def epochs(self) -> float:
        """The epochs of one network that these steps are worth; whole numbers as int."""
        epochs = round(self.examples / self.in_epoch, EPOCH_DECIMALS)
        return int(epochs) if epochs == int(epochs) else epochs


@dataclass(frozen=True)
class Supernet:
    """A supernet on its device, with its data and the proposal's note."""

    network: Any
    context: DeviceContext
    feed: Feed
    note: Mapping[str, Any]
    evaluation: Evaluation
    kind: DataKind
    passes: Passes

    @property
    def epoch(self) -> int:
        """The epoch to train, from 0."""
        return int(self.note["epoch"])

    def generator(self, *purpose: str | int) -> torch.Generator:
        """Return a generator for one purpose within the search."""
        return torch.Generator().manual_seed(derive(self.note["seed"], *purpose))


def train_supernet(
    config: SupernetConfig | OneShotConfig,
    training: Any,
    evaluation: Evaluation,
    act: Callable[[Supernet], dict[str, Any]],
) -> Outcome:
    """Build the supernet, apply `act` to it and return the findings as an outcome.

    Args:
        config: Settings of the strategy, or of the estimator `shared`.
        training: Settings of the estimator; other estimators than `train` give the defaults.
        evaluation: The proposal and its surroundings.
        act: Trains or scores the supernet and returns the findings.

    Raises:
        Cancelled: the evaluation was cancelled between steps.
        EngineError: the machine lacks the device or the checkpoint.
    """
    train_config = training if isinstance(training, TrainConfig) else TrainConfig()
    number = evaluation.proposal.number
    context = find_device_context(train_config)
    passes = Passes()
    try:
        with (
            evaluation.meter.on(context.device.type),
            _built(config, train_config, evaluation, context, passes) as supernet,
        ):
            findings = act(supernet)
    except Diverged as error:
        return Outcome(number, "diverged", reason=str(error), epochs=passes.epochs)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = (
            f"out of memory on {context.device}: the supernet holds all operations at once; lower "
            "batch_size of the strategy, or the space's channels or cells, or use partial "
            "channels (partial)"
        )
        return Outcome(number, "failed", reason=reason, epochs=passes.epochs)
    finally:
        release_memory(context.device)
    return Outcome(number, "trained", epochs=passes.epochs, findings=findings)


@contextmanager
def _built(
    config: SupernetConfig | OneShotConfig,
    train_config: TrainConfig,
    evaluation: Evaluation,
    context: DeviceContext,
    passes: Passes,
) -> Iterator[Supernet]:
    note = evaluation.proposal.note
    dataset = named_dataset(evaluation.dataset, evaluation.dataset_config)
    facts = dataset.facts()
    with threads(train_config.threads), seeded(derive(note["seed"], "weights"), context.device):
        network = evaluation.space.build(
            evaluation.proposal.architecture,
            facts.shape,
            facts.classes,
            auxiliary=regularised(config, "auxiliary_weight") > 0,
        )
        add_head_dropout(network, regularised(config, "dropout"))
        network.to(context.device)  # supernets set their own memory format
        network.train()
        # The random numbers of an epoch depend only on the epoch, not on the process before it.
        torch.manual_seed(derive(note["seed"], note["do"], note["epoch"]))
        batch_size = int(config.resolve("batch_size", dataset.kind))
        own = {name: getattr(config, name) for name in AUGMENTATION}
        settings = FeedSettings(
            context=context,
            augmentation=replace(train_config, **own) if config.augment == "own" else train_config,
            batch_size=batch_size,
            weights_portion=config.weights_portion,
            architecture_data=config.architecture_data,
            max_steps=config.max_steps,
            slowness=config.slowness,
            windows=config.windows,
            auxiliary_weight=regularised(config, "auxiliary_weight"),
            bptt=config.bptt,
            seed=note["seed"],
            cancelled=evaluation.cancelled,
        )
        feed: Feed = FEEDS[dataset.kind](dataset.search_parts(), settings)
        passes.in_epoch = feed.size
        yield Supernet(network, context, feed, note, evaluation, dataset.kind, passes)


def regularised(config: SupernetConfig | OneShotConfig, name: str) -> float:
    """Return a setting of `RegularisedConfig`; 0 where the search does not have it."""
    return float(getattr(config, name, 0.0))


class RunningAverage:
    """Mean loss and error over the update steps of an epoch.

    Raises Diverged if a loss is not finite. The supernet counts the examples as training.
    """

    def __init__(self, supernet: Supernet, rate: float):
        self.passes = supernet.passes
        self.counted = "train_words" if supernet.kind == "text" else "train_images"
        self.started = time.monotonic()
        device = supernet.context.device
        self.monitor = LossMonitor(supernet.epoch + 1, rate, device)
        self.wrong = torch.zeros((), dtype=torch.long, device=device)
        self.count = 0

    def add(self, loss: torch.Tensor, batch: Batch) -> None:
        """Add the loss of a step and the wrong answers of its batch.

        Raises:
            Diverged: a loss so far is not finite.
        """
        self.monitor.add(loss)
        self.wrong = self.wrong + batch.wrong
        self.count += batch.count
        self.passes.examples += batch.count

    def metrics(self, prefix: str) -> dict[str, float]:
        """Return {prefix_loss, prefix_error in percent}, empty without a step."""
        self.monitor.check_pending()
        if not self.count:
            return {}
        error = 100 * int(self.wrong) / self.count
        return {f"{prefix}_loss": rounded(self.monitor.mean), f"{prefix}_error": rounded(error)}

    def throughput(self) -> dict[str, float]:
        """Return the examples so far and the seconds since the first step, as reports name them.

        Empty without a step. In text the examples are words.
        """
        if not self.count:
            return {}
        return {self.counted: self.count, "train_seconds": elapsed(self.started)}


def report_epoch(supernet: Supernet, findings: dict[str, Any], rate: float, started: float) -> None:
    """Add the time to the findings of an epoch and report their numbers as a learning curve."""
    findings["seconds"] = elapsed(started)
    numbers = {name: value for name, value in findings.items() if isinstance(value, (int, float))}
    note = supernet.note
    point = {"epoch": supernet.epoch + 1, "epochs": note["epochs"], "learning_rate": rate}
    supernet.evaluation.report({**point, **numbers})


def rounded(value: float) -> float:
    """Round to six significant digits, enough for findings."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def check_weights(
    supernet: Supernet, rate: float, extra: Mapping[str, torch.Tensor] | None = None
) -> None:
    """Raise Diverged if a parameter of the supernet, or an `extra` tensor, is not finite."""
    tensors = {**dict(supernet.network.named_parameters()), **(extra or {})}
    check_finite(tensors, supernet.epoch + 1, f"lower the learning rate ({rate:g})")


def weights_rate(config: SupernetConfig | OneShotConfig, supernet: Supernet) -> float:
    """Return the learning rate of the weights in the supernet's epoch."""
    peak = config.resolve("learning_rate", supernet.kind)
    final = config.resolve("final_learning_rate", supernet.kind)
    return epoch_rate(config, peak, final, supernet.epoch, supernet.note["epochs"])


def epoch_rate(
    config: SupernetConfig | OneShotConfig, peak: float, final: float, epoch: int, epochs: int
) -> float:
    """Return the learning rate of epoch 0, 1, ... of `epochs` by the schedule of the settings.

    With the schedule `step` the first reduction follows epoch `step_after`, as in the released
    code of ENAS for text.
    """
    if config.schedule == "restarts":
        return restarted_cosine(peak, final, epoch, config.restart_epochs, config.restart_factor)
    if config.schedule == "step":
        after = max(epoch - config.step_after, 0)
        return float(peak * config.step_factor ** (after // config.step_epochs))
    if config.schedule == "constant":
        return peak
    if config.schedule == "linear":
        return final + (peak - final) * (1 - epoch / epochs)
    return half_cosine(peak, final, math.pi * epoch / epochs)

"""What every trainer of a shared network begins with and ends in: place, data, network, outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from ....core.dataset import DataKind
from ....core.errors import Diverged
from ....core.estimator import Evaluation
from ....core.outcome import Outcome
from ....core.seeds import derive
from ....data.common.named import named_dataset
from ...training.config import TrainConfig
from ...training.device_context import DeviceContext, find_device_context, seeded, threads
from ...training.divergence import LossWatch
from ...training.out_of_memory import is_out_of_memory, release
from .batch import Batch, Course, Feed
from .images import ImageFeed
from .texts import TextFeed

DIGITS = 6
FEEDS: dict[DataKind, Any] = {"images": ImageFeed, "text": TextFeed}


@dataclass(frozen=True)
class Shared:
    """A shared network on its place, with its data and the proposal's note."""

    network: Any
    place: DeviceContext
    feed: Feed
    note: Mapping[str, Any]
    evaluation: Evaluation
    kind: DataKind

    @property
    def epoch(self) -> int:
        """The epoch that is to be trained, from 0."""
        return int(self.note["epoch"])

    def generator(self, *purpose: str | int) -> torch.Generator:
        """For one purpose within this search."""
        return torch.Generator().manual_seed(derive(self.note["seed"], *purpose))


def train_shared(
    config: Any,
    training: Any,
    evaluation: Evaluation,
    act: Callable[[Shared], dict[str, Any]],
) -> Outcome:
    """Builds the shared network, lets `act` train it and makes an outcome of what it found.

    Raises:
        Cancelled: asked for between steps.
        EngineError: the machine lacks the device, or the checkpoint.
    """
    how = training if isinstance(training, TrainConfig) else TrainConfig()
    number = evaluation.proposal.number
    place = find_device_context(how)
    try:
        with _ready(config, how, evaluation, place) as shared:
            findings = act(shared)
    except Diverged as error:
        return Outcome(number, "diverged", reason=str(error))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = (
            f"out of memory on {place.device}: the shared network holds every operation at once; "
            "lower batch_size of the strategy, or the space's channels or cells, or mix one in "
            "several channels (partial)"
        )
        return Outcome(number, "failed", reason=reason)
    finally:
        release(place.device)
    epochs = int(evaluation.proposal.note["do"] == "epoch")
    return Outcome(number, "trained", epochs=epochs, findings=findings)


@contextmanager
def _ready(
    config: Any, how: TrainConfig, evaluation: Evaluation, place: DeviceContext
) -> Iterator[Shared]:
    note = evaluation.proposal.note
    dataset = named_dataset(evaluation.dataset, evaluation.dataset_config)
    facts = dataset.facts()
    with threads(how.threads), seeded(derive(note["seed"], "weights"), place.device):
        network = evaluation.space.build(
            evaluation.proposal.architecture, facts.shape, facts.classes
        )
        network.to(place.device)  # shared networks keep their memory format themselves
        network.train()
        # What an epoch draws follows from it alone, however the search came there.
        torch.manual_seed(derive(note["seed"], note["do"], note["epoch"]))
        batch_size = int(config.resolve("batch_size", dataset.kind))
        course = Course(
            place=place,
            changes=how,
            batch_size=batch_size,
            portion=config.weights_portion,
            bptt=config.bptt,
            seed=note["seed"],
            cancelled=evaluation.cancelled,
        )
        feed: Feed = FEEDS[dataset.kind](dataset.search_parts(), course)
        yield Shared(network, place, feed, note, evaluation, dataset.kind)


class Tally:
    """Losses and wrong answers of one side over an epoch, watched for leaving the numbers."""

    def __init__(self, shared: Shared, rate: float):
        self.watch = LossWatch(shared.epoch + 1, rate, shared.place.device)
        self.wrong = torch.zeros((), dtype=torch.long, device=shared.place.device)
        self.count = 0

    def add(self, loss: torch.Tensor, batch: Batch) -> None:
        """One step's loss before it.

        Raises:
            Diverged: one of the losses so far is not finite.
        """
        self.watch.add(loss)
        self.wrong = self.wrong + batch.wrong
        self.count += batch.count

    def told(self, side: str) -> dict[str, float]:
        """{side_loss, side_error in percent}; nothing where there was no step."""
        self.watch.look()
        if not self.count:
            return {}
        error = 100 * int(self.wrong) / self.count
        return {f"{side}_loss": rounded(self.watch.mean), f"{side}_error": rounded(error)}


def tell(shared: Shared, findings: dict[str, Any], rate: float, started: float) -> None:
    """Adds the time to what an epoch found, and reports its numbers as those of any training."""
    findings["seconds"] = round(time.monotonic() - started, 3)
    told = {name: value for name, value in findings.items() if isinstance(value, (int, float))}
    point = {"epoch": shared.epoch + 1, "epochs": shared.note["epochs"], "learning_rate": rate}
    shared.evaluation.report({**point, **told})


def rounded(value: float) -> float:
    """Six digits say all there is; what JSON has no word for ends the training before."""
    return float(f"{value:.{DIGITS}g}")


def check_finite(named: Mapping[str, torch.Tensor], epoch: int, remedy: str) -> None:
    """Raises Diverged where a tensor holds what is no number."""
    for name, tensor in named.items():
        if not bool(torch.isfinite(tensor).all()):
            raise Diverged(f"{name} left the finite numbers in epoch {epoch}; {remedy}")


def cosine(peak: float, last: float, epoch: int, epochs: int) -> float:
    """The rate of an epoch, from 0: half a cosine from the peak towards the last."""
    return last + (peak - last) * (1 + math.cos(math.pi * epoch / epochs)) / 2

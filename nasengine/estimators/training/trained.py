"""One candidate from description to outcome: build, train, conclude."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ...core.dataset import DatasetFacts, Part
from ...core.errors import Diverged
from ...core.estimator import Evaluation
from ...core.measurement import Measurement
from ...core.outcome import Outcome
from ...core.seeds import derive
from .config import TrainConfig
from .loop import Job, run_epochs
from .memory import is_out_of_memory, release
from .place import Place, find_place, seeded, threads
from .score import Score

Conclude = Callable[[torch.nn.Module, Place, list[Score | None]], Measurement]


@dataclass(frozen=True)
class Trained:
    """How it ended, and the network where it ended well."""

    outcome: Outcome
    network: torch.nn.Module | None


def train_network(
    config: TrainConfig,
    evaluation: Evaluation,
    facts: DatasetFacts,
    parts: tuple[Part, Part | None],
    conclude: Conclude,
    *,
    built: Callable[[torch.nn.Module], None] = lambda network: None,
) -> Trained:
    """Builds and trains; `conclude` makes the measurement out of network and scores.

    `built` is called with the fresh network, still on the processor, and may change it.

    Initial weights, order, augmentation and dropped paths follow from `evaluation.seed`;
    torch's global generators and thread number are put back.

    Raises:
        Cancelled: asked for between batches.
        EngineError: the machine lacks the device, or the space refuses the architecture.
    """
    place = find_place(config)
    scores: list[Score | None] = []
    number = evaluation.proposal.number
    try:
        with threads(config.threads), seeded(derive(evaluation.seed, "weights"), place.device):
            network = evaluation.space.build(
                evaluation.proposal.architecture,
                facts.shape,
                facts.classes,
                auxiliary=config.auxiliary_weight > 0,
            )
            built(network)
            network = place.move(network)
            job = Job(
                network, *parts, config, place, evaluation.seed,
                evaluation.report, evaluation.cancelled,
            )  # fmt: skip
            for one in run_epochs(job):
                scores.append(one)
            measurement = conclude(network, place, scores)
    except Diverged as error:
        return Trained(Outcome(number, "diverged", reason=str(error), epochs=len(scores)), None)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = (
            f"out of memory on {place.device} with batch_size {config.batch_size}: lower "
            "batch_size, or the space's channels or cells"
        )
        return Trained(Outcome(number, "failed", reason=reason, epochs=len(scores)), None)
    finally:
        release(place.device)
    return Trained(Outcome(number, "done", (measurement,), epochs=len(scores)), network)


def error_measurement(
    objective: str, seen: Score, place: Place, config: TrainConfig, **more: object
) -> Measurement:
    """An error in percent, with what a reader needs to repeat it."""
    return Measurement(
        objective,
        seen.error,
        "%",
        detail={
            "epochs": config.epochs,
            "batch": config.batch_size,
            "learning_rate": config.learning_rate,
            "dtype": place.dtype_name,
            "device": str(place.device),
            "threads": torch.get_num_threads(),
            "images": seen.count,
            "standard_error": seen.standard_error,
            **more,
        },
    )

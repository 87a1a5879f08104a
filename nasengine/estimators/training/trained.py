"""One candidate from description to outcome: build, train, conclude."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch

from ...core.dataset import DatasetFacts, Part, TextPart
from ...core.errors import Diverged
from ...core.estimator import Evaluation
from ...core.measurement import Measurement
from ...core.outcome import Outcome
from ...core.seeds import derive
from .config import Settled
from .device_context import DeviceContext, find_device_context, seeded, threads
from .loop import Job, run_epochs
from .out_of_memory import is_out_of_memory, release
from .score import Score
from .text_loop import run_text_epochs

Conclude = Callable[[torch.nn.Module, DeviceContext, list[Score | None]], tuple[Measurement, ...]]
Parts = tuple[Part, Part | None] | tuple[TextPart, TextPart | None]


@dataclass(frozen=True)
class Trained:
    """How it ended, and the network where it ended well."""

    outcome: Outcome
    network: torch.nn.Module | None


def train_network(
    config: Settled,
    evaluation: Evaluation,
    facts: DatasetFacts,
    parts: Parts,
    conclude: Conclude,
    *,
    built: Callable[[torch.nn.Module], None] = lambda network: None,
) -> Trained:
    """Builds and trains; `conclude` makes the measurements out of network and scores.

    `built` is called with the fresh network, still on the processor, and may change it.

    Initial weights, order, windows, augmentation and all that is dropped follow from
    `evaluation.seed`; torch's global generators and thread number are put back.

    Raises:
        Cancelled: asked for between batches.
        EngineError: the machine lacks the device, or the space refuses the architecture.
    """
    place = find_device_context(config)
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
            for one in epochs(network, parts, config, place, evaluation):
                scores.append(one)
            measurements = conclude(network, place, scores)
    except Diverged as error:
        return Trained(Outcome(number, "diverged", reason=str(error), epochs=len(scores)), None)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        remedy = (
            "bptt, or the space's hidden"
            if _reads_text(parts)
            else "or the space's channels or cells"
        )
        reason = (
            f"out of memory on {place.device} with batch_size {config.batch_size}: lower "
            f"batch_size, {remedy}"
        )
        return Trained(Outcome(number, "failed", reason=reason, epochs=len(scores)), None)
    finally:
        release(place.device)
    return Trained(Outcome(number, "done", measurements, epochs=len(scores)), network)


def epochs(
    network: torch.nn.Module,
    parts: Parts,
    config: Settled,
    place: DeviceContext,
    evaluation: Evaluation,
) -> Iterator[Score | None]:
    """The epochs of a training on images or on text, as the parts are."""
    rest = (config, place, evaluation.seed, evaluation.report, evaluation.cancelled)
    train, valid = parts
    if isinstance(train, TextPart):
        return run_text_epochs(Job(network, train, cast("TextPart | None", valid), *rest))
    return run_epochs(Job(network, train, cast("Part | None", valid), *rest))


def error_measurement(
    objective: str, seen: Score, place: DeviceContext, config: Settled, **more: object
) -> Measurement:
    """An error in percent, with what a reader needs to repeat it."""
    counted = {"images": seen.count, "standard_error": seen.standard_error}
    return Measurement(
        objective, seen.error, "%", detail={**_way(place, config), **counted, **more}
    )


def text_measurements(
    objectives: Sequence[str], seen: Score, place: DeviceContext, config: Settled, **more: object
) -> tuple[Measurement, ...]:
    """Perplexities and errors of a text, as the names end; with what is needed to repeat them."""
    detail = {**_way(place, config), "bptt": config.bptt, "words": seen.count, **more}
    uncertain = {**detail, "standard_error": seen.standard_error}
    return tuple(
        Measurement(name, seen.error, "%", detail=uncertain)
        if name.endswith("error")
        else Measurement(name, seen.perplexity, "", detail=detail)
        for name in objectives
    )


def _way(place: DeviceContext, config: Settled) -> dict[str, Any]:
    """How a network was trained."""
    return {
        "epochs": config.epochs,
        "batch": config.batch_size,
        "optimiser": config.optimiser,
        "learning_rate": config.learning_rate,
        "dtype": place.dtype_name,
        "device": str(place.device),
        "threads": torch.get_num_threads(),
    }


def _reads_text(parts: Parts) -> bool:
    return isinstance(parts[0], TextPart)

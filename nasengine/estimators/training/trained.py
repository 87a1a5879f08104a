"""One training from the architecture to the outcome: build, train, measure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch

from ...core.architecture import canonical_json
from ...core.dataset import DatasetFacts, Part, Preprocessing, TextPart
from ...core.errors import Cancelled, Diverged, EngineError
from ...core.estimator import Evaluation
from ...core.measurement import Measurement
from ...core.outcome import OUT_OF_MEMORY, Outcome, OutcomeState
from ...core.seeds import derive
from ...core.torch_state import seeded, threads
from ...spaces.layers.head_dropout import add_head_dropout
from .checkpoint_file import digest_of
from .checkpoints import Checkpoints
from .config import ResolvedTrainConfig
from .data_parallel import current_group
from .device_context import DeviceContext, find_device_context
from .loop import Job, OnAveraged, run_epochs
from .out_of_memory import is_out_of_memory, release_memory
from .score import Score
from .text_loop import run_text_epochs

Conclude = Callable[[torch.nn.Module, DeviceContext, list[Score | None]], tuple[Measurement, ...]]
Parts = tuple[Part, Part | None] | tuple[TextPart, TextPart | None]


@dataclass(frozen=True)
class Trained:
    """The outcome of a training, and the network if the outcome is done or paused."""

    outcome: Outcome
    network: torch.nn.Module | None


def train_network(
    config: ResolvedTrainConfig,
    evaluation: Evaluation,
    facts: DatasetFacts,
    parts: Parts,
    conclude: Conclude,
    *,
    on_built: Callable[[torch.nn.Module], None] = lambda network: None,
    preprocessing: Preprocessing | None = None,
    on_averaged: OnAveraged = lambda last: None,
) -> Trained:
    """Build and train a network, and measure it.

    Initial weights, order, windows, augmentation and dropout derive from `evaluation.seed`;
    torch's global generators and thread number are restored. With `evaluation.progress` an
    interrupted training continues at the epoch that its newest checkpoint keeps. With
    `Proposal.until` it pauses after that epoch and stores a checkpoint.

    Args:
        config: Settings of the training.
        evaluation: The proposal and its surroundings.
        facts: Shape and classes of the data set.
        parts: Train and valid; without valid no epoch is scored.
        conclude: Makes the measurements from the network and the scores of the epochs.
        preprocessing: How pixels became inputs; colour jitter needs it.
        on_averaged: Called with the weights of the last step if averaged ones replace them (text).
        on_built: Called with the new network while it is on the CPU; it may change the weights.

    Raises:
        Cancelled: the evaluation was cancelled between batches.
        EngineError: the machine lacks the device, or the architecture is invalid.
    """
    group = current_group()
    if group.size > 1 and _reads_text(parts):
        raise EngineError(
            "a training on text cannot be shared by several processes: start it without torchrun"
        )
    context = find_device_context(config)
    number = evaluation.proposal.number
    kind = context.device.type
    checkpoints = Checkpoints(evaluation.progress, evaluation.meter, kind)
    scores = checkpoints.scores
    try:
        with (
            evaluation.meter.on(kind),
            threads(config.threads),
            seeded(derive(evaluation.seed, "weights"), context.device),
        ):
            network = evaluation.space.build(
                evaluation.proposal.architecture,
                facts.shape,
                facts.classes,
                auxiliary=config.auxiliary_weight > 0,
            )
            on_built(network)
            add_head_dropout(network, config.dropout)
            checkpoints.identify(lambda: _identity(network, parts, facts, config, context))
            network = context.move(network)
            group.normalise_together(network)
            more = {
                "checkpoints": checkpoints,
                "preprocessing": preprocessing,
                "on_averaged": on_averaged,
                "until": evaluation.proposal.until,
            }
            for _ in epochs(network, parts, config, context, evaluation, **more):
                pass
            group.normalise_apart(network)
            if is_paused := len(scores) < config.epochs:
                checkpoints.flush()
            measurements = conclude(network, context, scores) if group.is_first else ()
    except (Cancelled, KeyboardInterrupt):
        checkpoints.flush()
        raise
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
            f"{OUT_OF_MEMORY}{context.device} with batch_size {config.batch_size}: lower "
            f"batch_size, {remedy}"
        )
        return Trained(Outcome(number, "failed", reason=reason, epochs=len(scores)), None)
    finally:
        release_memory(context.device)
    state: OutcomeState = "paused" if is_paused else "done"
    return Trained(Outcome(number, state, measurements, epochs=len(scores)), network)


def epochs(
    network: torch.nn.Module,
    parts: Parts,
    config: ResolvedTrainConfig,
    context: DeviceContext,
    evaluation: Evaluation,
    **more: Any,
) -> Iterator[Score | None]:
    """Return the epochs of a training on images or on text, depending on the parts.

    `more` are further fields of the loop's `Job`.
    """
    rest = (config, context, evaluation.seed, evaluation.report, evaluation.cancelled)
    train, valid = parts
    if isinstance(train, TextPart):
        return run_text_epochs(Job(network, train, cast("TextPart | None", valid), *rest, **more))
    return run_epochs(Job(network, train, cast("Part | None", valid), *rest, **more))


def error_measurement(
    objective: str,
    result: Score,
    context: DeviceContext,
    config: ResolvedTrainConfig,
    **extra: object,
) -> Measurement:
    """Return an error in percent with the conditions of the training."""
    counts = {"images": result.count, "standard_error": result.standard_error}
    return Measurement(
        objective, result.error, "%", detail={**_conditions(context, config), **counts, **extra}
    )


def text_measurements(
    objectives: Sequence[str],
    result: Score,
    context: DeviceContext,
    config: ResolvedTrainConfig,
    **extra: object,
) -> tuple[Measurement, ...]:
    """Return an error for names that end with "error", a perplexity for other names."""
    detail = {**_conditions(context, config), "bptt": config.bptt, "words": result.count, **extra}
    error_detail = {**detail, "standard_error": result.standard_error}
    return tuple(
        Measurement(name, result.error, "%", detail=error_detail)
        if name.endswith("error")
        else Measurement(name, result.perplexity, "", detail=detail)
        for name in objectives
    )


def _conditions(context: DeviceContext, config: ResolvedTrainConfig) -> dict[str, Any]:
    """Return the conditions needed to repeat a training."""
    return {
        "epochs": config.epochs,
        "batch": config.batch_size,
        "optimiser": config.optimiser,
        "learning_rate": config.learning_rate,
        "dtype": context.dtype_name,
        "device": str(context.device),
        "threads": torch.get_num_threads(),
    }


def _identity(
    network: torch.nn.Module,
    parts: Parts,
    facts: DatasetFacts,
    config: ResolvedTrainConfig,
    context: DeviceContext,
) -> dict[str, str]:
    """Return what makes a training another one, by name. The number of threads is not part of it.

    Args:
        network: The network before the first step, on the CPU.
    """
    settings = {**asdict(config), "device": None, "threads": None}
    del settings["cuda_graphs"]  # the numbers are those of eager steps
    sizes = [None if part is None else len(_examples(part)) for part in parts]
    return {
        "settings": hashlib.sha256(canonical_json(settings).encode()).hexdigest(),
        "initial weights": digest_of(network.state_dict()),
        "data": f"{facts.digest} {sizes}",
        "device": f"{context.device.type} {context.dtype_name}",
        "torch version": torch.__version__,
    }


def _examples(part: Part | TextPart) -> torch.Tensor:
    return part.words if isinstance(part, TextPart) else part.labels


def _reads_text(parts: Parts) -> bool:
    return isinstance(parts[0], TextPart)

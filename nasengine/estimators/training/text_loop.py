"""The training loop for text; `loop` has the one for images."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn import functional

from ...core.dataset import TextPart
from ...core.errors import Cancelled, Diverged
from ...core.seeds import generator
from .averaging import Averaging
from .divergence import LossMonitor, finite_or_none
from .loop import Job, elapsed, epoch_metrics
from .optimizer import make_optimizer, set_rate
from .schedule import learning_rate
from .score import Score
from .slowness import outputs_and_logits, slowness_of
from .step import set_progress
from .text_score import score_text
from .training_state import TrainingState
from .windows import streams, window_lengths


def run_text_epochs(job: Job[TextPart]) -> Iterator[Score | None]:
    """Train and yield the score on `valid` after each epoch that this process trains.

    `batch_size` parallel streams are read window by window. The recurrent state is carried from
    window to window and reset at the start of every epoch. After the last epoch the network has
    the averaged weights if averaging started.

    Raises:
        Diverged: a loss or a weight is not finite. The epoch is reported first, with None for
            values that are not finite.
        Cancelled: the evaluation was cancelled between windows.
    """
    config, context = job.config, job.context
    inputs, targets = context.hold(*streams(job.train.words, config.batch_size))
    valid = context.hold(job.valid.words)[0] if job.valid else None
    steps = TextSteps(job, inputs.shape[1])
    lengths = generator(job.seed, "lengths")
    state = TrainingState(
        job.network,
        steps.optimizer,
        context.device,
        numbers={"lengths": lengths},
        averaging=steps.averaging,
    )
    finished = job.checkpoints.resume(state)
    for epoch in range(finished + 1, job.last_epoch + 1):
        started = time.monotonic()
        steps.begin(epoch)
        monitor = LossMonitor(epoch, config.learning_rate, context.device)
        position = {"epoch": epoch, "epochs": config.epochs}
        result: Score | None = None
        try:
            for length in window_lengths(inputs.shape[1], config.bptt, lengths):
                if job.cancelled():
                    raise Cancelled
                window = slice(steps.position, steps.position + length)
                monitor.add(steps.take(inputs[:, window], targets[:, window]))
            monitor.check_pending()
            steps.seconds = elapsed(started)
            if epoch == config.epochs:
                if (last := steps.averaging.finish()) is not None:
                    job.on_averaged(last)
                set_progress(job.network, 1.0)
            if valid is not None:
                result = score_text(steps.averaging.scored, valid, context, job.cancelled)
            monitor.check(job.network, result.loss if result else None)
        except Diverged:
            job.report({**position, **text_epoch_metrics(steps, None, None, started)})
            raise
        job.report({**position, **text_epoch_metrics(steps, monitor.mean, result, started)})
        if result is not None:
            steps.averaging.after_epoch(result.loss)
        job.checkpoints.after_epoch(state, result, is_last=epoch == config.epochs)
        yield result


class TextSteps:
    """The optimizer steps of a training, with recurrent state and count of wrong answers."""

    counted = "train_words"

    def __init__(self, job: Job[TextPart], length: int):
        self.job = job
        self.length = length
        self.optimizer = make_optimizer(job.network, job.config)
        self.averaging = Averaging(job.network, job.config.averaging)
        self.per_epoch = max(length // job.config.bptt, 1)
        self.begin(1)

    def begin(self, epoch: int) -> None:
        """Start an epoch at the first word with an empty state."""
        self.epoch = epoch
        self.position = 0
        self.state: torch.Tensor | None = None
        self.rate = 0.0
        self.count = 0
        self.seconds: float | None = None  # of the epoch, after the last step
        self.wrong = torch.zeros((), dtype=torch.long, device=self.job.context.device)
        self.job.network.train()

    def take(self, words: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Take one step on a window (streams x words); return the mean loss per word before it.

        The loss is that without the slowness penalty.
        """
        job, config, network = self.job, self.job.config, self.job.network
        step = (self.epoch - 1) * self.per_epoch + self.position * self.per_epoch // self.length
        # The loss is a mean over the window, so the rate is scaled by the length of the window.
        self.rate = learning_rate(config, step, self.per_epoch)
        set_rate(self.optimizer, self.rate * words.shape[1] / config.bptt)
        set_progress(network, step / (config.epochs * self.per_epoch))
        device = job.context.device
        words = words.to(device, non_blocking=True)
        targets = targets.to(device, non_blocking=True).reshape(-1)
        logits, state, penalty = self._forward(words)
        logits = logits.float().flatten(0, 1)
        loss = functional.cross_entropy(logits, targets, label_smoothing=config.label_smoothing)
        total = loss if penalty is None else loss + config.slowness * penalty
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        if config.gradient_clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
        self.optimizer.step()
        self.averaging.after_step()
        self.state = state.detach()
        self.position += words.shape[1]
        self.count += len(targets)
        self.wrong += (logits.detach().argmax(1) != targets).sum()
        return loss

    def _forward(
        self, words: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Return logits, the state after the window, and the slowness if it is penalised."""
        network: Any = self.job.network
        with self.job.context.autocast():
            if not self.job.config.slowness:
                logits, state = network(words, self.state)
                return logits, state, None
            weight = self.job.config.slowness
            outputs, logits, state = outputs_and_logits(network, weight, words, self.state)
            return logits, state, slowness_of(outputs)

    @property
    def error(self) -> float | None:
        """Percentage of wrong answers during training, None before the first step."""
        return 100 * int(self.wrong) / self.count if self.count else None


def text_epoch_metrics(
    steps: TextSteps, train_loss: float | None, result: Score | None, started: float
) -> dict[str, float | bool | None]:
    """Return the metrics of an epoch for its report; every number is finite or None."""
    return {
        **epoch_metrics(steps, train_loss, result, started),
        "valid_perplexity": finite_or_none(result.perplexity) if result else None,
        "averaged": steps.averaging.mean is not None,
    }

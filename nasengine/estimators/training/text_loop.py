"""The training loop of networks that read text; `loop` is the one of images."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch.nn import functional

from ...core.dataset import TextPart
from ...core.errors import Cancelled, Diverged
from ...core.seeds import generator
from .averaging import Averaging
from .divergence import LossWatch, finite_or_none
from .loop import Job, numbers, set_progress
from .optimizer import make_optimizer, set_rate
from .schedule import learning_rate
from .score import Score
from .text_score import score_text
from .windows import streams, window_lengths


def run_text_epochs(job: Job[TextPart]) -> Iterator[Score | None]:
    """Trains; yields the score on `valid` after each epoch.

    `batch_size` streams are read side by side, window by window; the state is carried from
    window to window and begins empty in every epoch. Behind the last epoch the network holds
    averaged weights, where averaging had begun.

    Raises:
        Diverged: a loss, a weight or the validation loss is not finite; the epoch is
            reported before, with None in place of what has no number.
        Cancelled: asked for between windows.
    """
    config, place = job.config, job.place
    read, following = place.hold(*streams(job.train.words, config.batch_size))
    valid = place.hold(job.valid.words)[0] if job.valid else None
    steps = TextSteps(job, read.shape[1])
    lengths = generator(job.seed, "lengths")
    for epoch in range(1, config.epochs + 1):
        started = time.monotonic()
        steps.begin(epoch)
        watch = LossWatch(epoch, config.learning_rate, place.device)
        told = {"epoch": epoch, "epochs": config.epochs}
        seen: Score | None = None
        try:
            for length in window_lengths(read.shape[1], config.bptt, lengths):
                if job.cancelled():
                    raise Cancelled
                window = slice(steps.place, steps.place + length)
                watch.add(steps.take(read[:, window], following[:, window]))
            watch.look()
            if epoch == config.epochs:
                steps.averaging.finish()
                set_progress(job.network, 1.0)
            if valid is not None:
                seen = score_text(steps.averaging.scored, valid, place, job.cancelled)
            watch.check(job.network, seen.loss if seen else None)
        except Diverged:
            job.report({**told, **text_numbers(steps, None, None, started)})
            raise
        job.report({**told, **text_numbers(steps, watch.mean, seen, started)})
        if seen is not None:
            steps.averaging.epoch(seen.loss)
        yield seen


class TextSteps:
    """The steps of a training: rate, loss, gradients, update; carries the state, counts answers."""

    def __init__(self, job: Job[TextPart], length: int):
        self.job = job
        self.length = length
        self.optimiser = make_optimizer(job.network, job.config)
        self.averaging = Averaging(job.network, job.config.averaging)
        self.per_epoch = max(length // job.config.bptt, 1)
        self.begin(1)

    def begin(self, epoch: int) -> None:
        """Begins an epoch at the first word with an empty state."""
        self.epoch = epoch
        self.place = 0
        self.state: torch.Tensor | None = None
        self.rate = 0.0
        self.count = 0
        self.wrong = torch.zeros((), dtype=torch.long, device=self.job.place.device)
        self.job.network.train()

    def take(self, words: torch.Tensor, following: torch.Tensor) -> torch.Tensor:
        """One step on a window of streams x words; the mean loss of a word before it."""
        job, config, network = self.job, self.job.config, self.job.network
        step = (self.epoch - 1) * self.per_epoch + self.place * self.per_epoch // self.length
        # Windows differ in length, and the loss is a mean: a longer one deserves a longer step.
        self.rate = learning_rate(config, step, self.per_epoch)
        set_rate(self.optimiser, self.rate * words.shape[1] / config.bptt)
        set_progress(network, step / (config.epochs * self.per_epoch))
        words, right = (one.to(job.place.device, non_blocking=True) for one in (words, following))
        right = right.reshape(-1)
        with job.place.autocast():
            logits, state = network(words, self.state)
        logits = logits.float().flatten(0, 1)
        loss = functional.cross_entropy(logits, right, label_smoothing=config.label_smoothing)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if config.gradient_clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
        self.optimiser.step()
        self.averaging.stepped()
        self.state = state.detach()
        self.place += words.shape[1]
        self.count += len(right)
        self.wrong += (logits.detach().argmax(1) != right).sum()
        return loss

    @property
    def error(self) -> float | None:
        """Percent of wrong answers given while training, None before the first."""
        return 100 * int(self.wrong) / self.count if self.count else None


def text_numbers(
    steps: TextSteps, train_loss: float | None, seen: Score | None, started: float
) -> dict[str, float | bool | None]:
    """What an epoch tells of itself; every number is finite or None."""
    return {
        **numbers(steps, train_loss, seen, started),
        "valid_perplexity": finite_or_none(seen.perplexity) if seen else None,
        "averaged": steps.averaging.mean is not None,
    }

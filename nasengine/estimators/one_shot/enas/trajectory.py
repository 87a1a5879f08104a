"""Sequences of choices with their log-probabilities, built from a controller's logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

Allowed = Callable[[Sequence[int], int], tuple[int, ...]]
# Logits (count x options, -inf if not allowed) and the decision's index -> one option each (count).
ChoiceRule = Callable[[torch.Tensor, int], torch.Tensor]


@dataclass(frozen=True)
class SampledSequence:
    """A sequence of choices with its differentiable log-probability, entropy and skip penalty.

    `entropy` is the sum of the entropies of all choices in nats. `skip_penalty` is the divergence
    of the skip probabilities from their target, summed within blocks and averaged over blocks; 0
    without skips.
    """

    choices: tuple[int, ...]
    log_prob: torch.Tensor
    entropy: torch.Tensor
    skip_penalty: torch.Tensor


class Trajectory:
    """`count` parallel sequences in construction; `allowed` returns the valid options of each."""

    def __init__(self, count: int, rule: ChoiceRule, allowed: Allowed):
        self.choices: list[list[int]] = [[] for _ in range(count)]
        self.probabilities: list[torch.Tensor] = []
        self._rule = rule
        self._allowed = allowed
        self._log_probs: list[torch.Tensor] = []
        self._entropies: list[torch.Tensor] = []
        self._penalties: list[torch.Tensor] = []

    def choose(self, index: int, logits: torch.Tensor) -> torch.Tensor:
        """Make decision `index` from logits (count x options); return the options (count)."""
        forbidden = torch.ones(logits.shape, dtype=torch.bool)
        for row, before in zip(forbidden, self.choices, strict=True):
            row[list(self._allowed(before, index))] = False
        logits = logits.masked_fill(forbidden, -torch.inf)
        chosen = self._rule(logits, index)
        for before, option in zip(self.choices, chosen.tolist(), strict=True):
            before.append(option)
        logs = functional.log_softmax(logits, dim=-1)
        probabilities = logs.exp()
        # A forbidden option contributes 0 log 0 = 0 to the entropy.
        self._entropies.append(-(probabilities * logs.masked_fill(forbidden, 0.0)).sum(dim=-1))
        self._log_probs.append(logs.gather(1, chosen[:, None])[:, 0])
        self.probabilities.append(probabilities.detach())
        return chosen

    def penalise_skips(self, logits: torch.Tensor, target: float) -> None:
        """Add the divergence of a block's skips (count x skips x (no, yes)) from a target share."""
        goal = logits.new_tensor([1 - target, target]).log()
        logs = functional.log_softmax(logits, dim=-1)
        self._penalties.append((logs.exp() * (logs - goal)).sum(dim=(1, 2)))

    def sequences(self) -> list[SampledSequence]:
        """Return the complete sequences."""
        log_prob = torch.stack(self._log_probs).sum(dim=0)
        entropy = torch.stack(self._entropies).sum(dim=0)
        penalty = torch.zeros_like(log_prob)
        if self._penalties:
            penalty = torch.stack(self._penalties).mean(dim=0)
        rows = zip(self.choices, log_prob, entropy, penalty, strict=True)
        return [SampledSequence(tuple(choices), *scalars) for choices, *scalars in rows]


def sampling(generator: torch.Generator) -> ChoiceRule:
    """Return a rule that samples options from their probabilities."""

    def rule(logits: torch.Tensor, _: int) -> torch.Tensor:
        probabilities = functional.softmax(logits.detach(), dim=-1)
        return torch.multinomial(probabilities, 1, generator=generator)[:, 0]

    return rule


def most_likely(logits: torch.Tensor, _: int) -> torch.Tensor:
    """Choose the option with the highest logit, the first of equals."""
    return logits.argmax(dim=-1)


def replaying(choices: Sequence[Sequence[int]]) -> ChoiceRule:
    """Return a rule that repeats given sequences."""
    rows = torch.tensor(choices)
    return lambda _, index: rows[:, index]

"""Sequences of choices in the making: what is drawn of a controller's scores, and how likely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

Allowed = Callable[[Sequence[int], int], tuple[int, ...]]
# Scores count x options, -inf where not allowed, and the place -> an option each, count.
Pick = Callable[[torch.Tensor, int], torch.Tensor]


@dataclass(frozen=True)
class Sampled:
    """A sequence of choices and, as scalars to differentiate, how it came about.

    `entropy` is the sum of every choice's entropy in nats on the way. `skip_penalty` is the
    divergence of the skips' chances from the target, summed over a block's, mean over blocks; 0
    where there are no skips.
    """

    choices: tuple[int, ...]
    log_prob: torch.Tensor
    entropy: torch.Tensor
    skip_penalty: torch.Tensor


class Course:
    """`count` sequences side by side; `allowed` is asked for each of them at each place."""

    def __init__(self, count: int, pick: Pick, allowed: Allowed):
        self.choices: list[list[int]] = [[] for _ in range(count)]
        self.chances: list[torch.Tensor] = []
        self._pick = pick
        self._allowed = allowed
        self._log_probs: list[torch.Tensor] = []
        self._entropies: list[torch.Tensor] = []
        self._penalties: list[torch.Tensor] = []

    def choose(self, place: int, logits: torch.Tensor) -> torch.Tensor:
        """Makes the choice at a place by scores count x options; the options chosen, count."""
        barred = torch.ones(logits.shape, dtype=torch.bool)
        for row, before in zip(barred, self.choices, strict=True):
            row[list(self._allowed(before, place))] = False
        logits = logits.masked_fill(barred, -torch.inf)
        chosen = self._pick(logits, place)
        for before, one in zip(self.choices, chosen.tolist(), strict=True):
            before.append(one)
        logs = functional.log_softmax(logits, dim=-1)
        chances = logs.exp()
        # 0 log 0 is 0.
        self._entropies.append(-(chances * logs.masked_fill(barred, 0.0)).sum(dim=-1))
        self._log_probs.append(logs.gather(1, chosen[:, None])[:, 0])
        self.chances.append(chances.detach())
        return chosen

    def pull(self, logits: torch.Tensor, target: float) -> None:
        """Notes how far a block's skips, count x skips x (no, yes), are from a share of yes."""
        goal = logits.new_tensor([1 - target, target]).log()
        logs = functional.log_softmax(logits, dim=-1)
        self._penalties.append((logs.exp() * (logs - goal)).sum(dim=(1, 2)))

    def ended(self) -> list[Sampled]:
        """The whole sequences."""
        log_prob = torch.stack(self._log_probs).sum(dim=0)
        entropy = torch.stack(self._entropies).sum(dim=0)
        penalty = torch.zeros_like(log_prob)
        if self._penalties:
            penalty = torch.stack(self._penalties).mean(dim=0)
        rows = zip(self.choices, log_prob, entropy, penalty, strict=True)
        return [Sampled(tuple(choices), *scalars) for choices, *scalars in rows]


def drawn(generator: torch.Generator) -> Pick:
    """Picks at random, by the chances."""

    def pick(logits: torch.Tensor, _: int) -> torch.Tensor:
        chances = functional.softmax(logits.detach(), dim=-1)
        return torch.multinomial(chances, 1, generator=generator)[:, 0]

    return pick


def likeliest(logits: torch.Tensor, _: int) -> torch.Tensor:
    """Picks the option of the highest score, of equals the first."""
    return logits.argmax(dim=-1)


def given(choices: Sequence[Sequence[int]]) -> Pick:
    """Picks what is written."""
    rows = torch.tensor(choices)
    return lambda _, place: rows[:, place]

"""ENAS' controller (1802.03268): an LSTM that generates an architecture choice by choice.

The LSTM reads each choice before the next one: an operation as its embedding, an input as the
hidden state at the end of the chosen block (its anchor). Inputs are chosen by attention over the
anchors, skips by the same attention separately for each earlier block. It supports the decisions
of any space; options that contradict earlier choices have probability 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from ....core.decision import Decision
from .decision_steps import first_cell, steps
from .trajectory import (
    Allowed,
    ChoiceRule,
    SampledSequence,
    Trajectory,
    most_likely,
    replaying,
    sampling,
)

if TYPE_CHECKING:
    from ....strategies.one_shot.enas.config import EnasConfig

INITIAL_RANGE = 0.1
# Far larger than embeddings, so that the steps differ from the start of the training.
INITIAL_STEP_RANGE = 1.0


class Anchors:
    """Anchors and attention keys by block; blocks below 0 are inputs from outside of the cell."""

    def __init__(self) -> None:
        self.anchors: dict[int, torch.Tensor] = {}
        self.keys: dict[int, torch.Tensor] = {}

    def add(self, block: int, anchor: torch.Tensor, key: torch.Tensor) -> None:
        """Add the anchor and key of a block, both count x hidden."""
        self.anchors[block], self.keys[block] = anchor, key

    def stacked(self, blocks: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return anchors and keys of blocks, both count x blocks x hidden."""
        anchors = torch.stack([self.anchors[block] for block in blocks], dim=1)
        keys = torch.stack([self.keys[block] for block in blocks], dim=1)
        return anchors, keys


class Controller(nn.Module):
    """One LSTM over the decisions of a space, continued from a first to a second cell.

    Differences to the released code: inputs from outside of the cells have learned anchors, and
    the skip penalty applies to the probabilities that skips are sampled from. With the setting
    `placed`, each step also reads a learned position vector, and inputs and skips have a linear
    readout per decision in addition to attention.
    """

    def __init__(
        self,
        decisions: Sequence[Decision],
        config: EnasConfig,
        generator: torch.Generator | None = None,
    ):
        """Initialise the weights from U(-0.1, 0.1).

        Args:
            decisions: Decisions of the space.
            config: Settings of `strategies.one_shot.common.controller_config`.
            generator: Generator of the initial weights; default: torch's global one.
        """
        super().__init__()
        self.decisions = tuple(decisions)
        self.config = config
        hidden = self.config.hidden
        embedded = [d for d in self.decisions if d.kind in ("op", "size")]
        self.menus = list(dict.fromkeys(decision.options for decision in embedded))
        self.outside = sorted({s for d in self.decisions for s in d.sources if s < 0})
        self.start = nn.Parameter(torch.empty(1, hidden))
        self.lstm = nn.LSTMCell(hidden, hidden, bias=False)
        self.readouts = nn.ParameterList(torch.empty(hidden, len(menu)) for menu in self.menus)
        self.embeddings = nn.ParameterList(torch.empty(len(menu), hidden) for menu in self.menus)
        self.anchors = nn.Parameter(torch.empty(len(self.outside), hidden))
        self.key = nn.Parameter(torch.empty(hidden, hidden))
        self.query = nn.Parameter(torch.empty(hidden, hidden))
        self.vector = nn.Parameter(torch.empty(hidden))
        self._steps = steps(self.decisions)
        self._first_cell = first_cell(self.decisions)
        positioned = list(enumerate(self.decisions)) if self.config.placed else []
        # The names of parameters are keys of stored checkpoints.
        self.own = nn.ParameterDict(
            {str(i): torch.empty(hidden, len(d.sources)) for i, d in positioned if d.sources}
        )
        self.places = nn.ParameterList(torch.empty(hidden) for _ in self._steps if positioned)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-INITIAL_RANGE, INITIAL_RANGE, generator=generator)
            for vector in self.places:
                vector.mul_(INITIAL_STEP_RANGE / INITIAL_RANGE)
        self._favoured = [
            torch.tensor([float(option in self.config.favoured) for option in menu])
            for menu in self.menus
        ]
        self.biases = nn.ParameterList(self.config.bias * menu for menu in self._favoured)

    def sample(self, generator: torch.Generator, allowed: Allowed) -> SampledSequence:
        """Sample one sequence; `allowed` is that of the space."""
        return self.samples(1, generator, allowed)[0]

    def samples(
        self, count: int, generator: torch.Generator, allowed: Allowed
    ) -> list[SampledSequence]:
        """Sample `count` sequences at once, which takes little more time than one."""
        return self._generate(count, sampling(generator), allowed).sequences()

    def replay(self, choices: Sequence[Sequence[int]], allowed: Allowed) -> list[SampledSequence]:
        """Return given sequences with the log-probabilities of sampling them."""
        return self._generate(len(choices), replaying(choices), allowed).sequences()

    @torch.no_grad()
    def best(self, allowed: Allowed) -> tuple[int, ...]:
        """Return the greedy sequence: the most likely option of every decision in turn."""
        return tuple(self._generate(1, most_likely, allowed).choices[0])

    @torch.no_grad()
    def policy(self, allowed: Allowed) -> list[list[float]]:
        """Return the option probabilities of every decision along `best`, with 4 digits."""
        probabilities = self._generate(1, most_likely, allowed).probabilities
        return [[round(value, 4) for value in row[0].tolist()] for row in probabilities]

    def _generate(self, count: int, rule: ChoiceRule, allowed: Allowed) -> Trajectory:
        trajectory, anchors = Trajectory(count, rule, allowed), Anchors()
        for row, block in enumerate(self.outside):
            anchor = self.anchors[row].expand(count, -1)
            anchors.add(block, anchor, anchor @ self.key)
        start = self.start.expand(count, -1)
        x, state = start, (torch.zeros_like(start), torch.zeros_like(start))
        for number, (indices, ends_block) in enumerate(self._steps):
            state = self.lstm(x + self.places[number] if self.config.placed else x, state)
            x = self._decide(trajectory, anchors, indices, state[0])
            if ends_block:
                state = self.lstm(x, state)
                block = self.decisions[indices[0]].block
                anchors.add(block, state[0], state[0] @ self.key)
                x = start
        return trajectory

    def _decide(
        self, trajectory: Trajectory, anchors: Anchors, indices: tuple[int, ...], h: torch.Tensor
    ) -> torch.Tensor:
        """Make the decisions of one step; return the next input of the LSTM, count x hidden."""
        decision = self.decisions[indices[0]]
        if decision.kind == "input":
            return self._choose_input(trajectory, anchors, indices[0], h)
        if decision.kind == "skip":
            return self._choose_skips(trajectory, anchors, indices, h)
        menu = self.menus.index(decision.options)
        logits = h @ self.readouts[menu] + self.biases[menu]
        logits = self._shaped(logits, self.config.op_reduce)
        if self.config.lean and decision.block in self._first_cell:
            logits = logits + self.config.lean * (2 * self._favoured[menu] - 1).to(h)
        return self.embeddings[menu][trajectory.choose(indices[0], logits)]

    def _choose_input(
        self, trajectory: Trajectory, anchors: Anchors, index: int, h: torch.Tensor
    ) -> torch.Tensor:
        decision = self.decisions[index]
        candidates, keys = anchors.stacked(decision.sources)
        logits = self._shaped(self._scores(h, keys, (index,)))
        if self.config.distance:
            distances = h.new_tensor([decision.block - source for source in decision.sources])
            logits = logits - distances.square() / self.config.distance
        chosen = trajectory.choose(index, logits)
        return candidates[torch.arange(len(chosen)), chosen]

    def _choose_skips(
        self, trajectory: Trajectory, anchors: Anchors, indices: tuple[int, ...], h: torch.Tensor
    ) -> torch.Tensor:
        """Choose all skips at once; return the mean of the chosen anchors and a zero vector."""
        sources = [self.decisions[index].sources[0] for index in indices]
        candidates, keys = anchors.stacked(sources)
        scores = self._scores(h, keys, indices)
        logits = self._shaped(torch.stack([-scores, scores], dim=-1))
        bits = [trajectory.choose(index, logits[:, row]) for row, index in enumerate(indices)]
        trajectory.penalise_skips(logits, self.config.skip_target)
        taken = torch.stack(bits, dim=1).to(h)[:, :, None]
        return (taken * candidates).sum(dim=1) / (1 + taken.sum(dim=1))

    def _scores(
        self, h: torch.Tensor, keys: torch.Tensor, indices: tuple[int, ...]
    ) -> torch.Tensor:
        """Return the attention of h (count x hidden) to keys (count x sources x hidden)."""
        scores = torch.tanh(keys + (h @ self.query)[:, None]) @ self.vector
        if self.config.placed:
            scores = scores + h @ torch.cat([self.own[str(index)] for index in indices], dim=1)
        return scores

    def _shaped(self, logits: torch.Tensor, reduce: float = 1.0) -> torch.Tensor:
        if self.config.temperature:
            logits = logits / self.config.temperature
        if self.config.tanh:
            logits = self.config.tanh / reduce * torch.tanh(logits)
        return logits

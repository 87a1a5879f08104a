"""ENAS' controller (1802.03268): an LSTM that writes an architecture choice by choice.

Each choice is read before the next is made: an operation by its embedding, an input by what the
network thought when it had written that block (its anchor). Inputs are chosen by attention over
anchors, skips by the same attention for each earlier block alone. It works on the decisions of
any space; options that do not agree with the choices before have chance 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ....core.decision import Decision
from .decision_steps import first_cell, steps
from .trajectory import Allowed, Course, Pick, Sampled, drawn, given, likeliest

REACH = 0.1
# Far more than embeddings, so that places differ from the first step on.
PLACE_REACH = 1.0


class Anchors:
    """What can be read, by block (below 0: from outside), and the same as attention sees it."""

    def __init__(self) -> None:
        self.read: dict[int, torch.Tensor] = {}
        self.keys: dict[int, torch.Tensor] = {}

    def add(self, block: int, anchor: torch.Tensor, key: torch.Tensor) -> None:
        """Both are count x hidden."""
        self.read[block], self.keys[block] = anchor, key

    def stacked(self, blocks: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Anchors and keys of some blocks, count x blocks x hidden."""
        anchors, keys = ([of[block] for block in blocks] for of in (self.read, self.keys))
        return torch.stack(anchors, dim=1), torch.stack(keys, dim=1)


class Controller(nn.Module):
    """One LSTM over a space's decisions; it goes on from a first to a second cell.

    Differently from the released code values from outside of the cells have learned anchors,
    and the pull on skips is on the chances they are drawn by. With the setting `placed` it knows
    where it is: each step reads a learned vector of its place as well, and inputs and skips have
    a linear readout of their place's own beside attention.
    """

    def __init__(
        self,
        decisions: Sequence[Decision],
        config: Any,
        generator: torch.Generator | None = None,
    ):
        """`config` has the settings of `strategies.controller_config`.

        Weights are drawn from U(-0.1, 0.1), by `generator` where one is given.
        """
        super().__init__()
        self.decisions = tuple(decisions)
        self.config = config
        hidden = self.config.hidden
        written = [one for one in self.decisions if one.kind in ("op", "size")]
        self.menus = list(dict.fromkeys(one.options for one in written))
        self.outside = sorted({s for one in self.decisions for s in one.sources if s < 0})
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
        reading = list(enumerate(self.decisions)) if self.config.placed else []
        self.own = nn.ParameterDict(
            {str(n): torch.empty(hidden, len(one.sources)) for n, one in reading if one.sources}
        )
        self.places = nn.ParameterList(torch.empty(hidden) for _ in self._steps if reading)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-REACH, REACH, generator=generator)
            for place in self.places:
                place.mul_(PLACE_REACH / REACH)
        self._favoured = [
            torch.tensor([float(option in self.config.favoured) for option in menu])
            for menu in self.menus
        ]
        self.biases = nn.ParameterList(self.config.bias * menu for menu in self._favoured)

    def sample(self, generator: torch.Generator, allowed: Allowed) -> Sampled:
        """One sequence, drawn choice by choice; `allowed` is the space's."""
        return self.samples(1, generator, allowed)[0]

    def samples(self, count: int, generator: torch.Generator, allowed: Allowed) -> list[Sampled]:
        """`count` sequences at once, which takes little more time than one."""
        return self._walk(count, drawn(generator), allowed).ended()

    def replay(self, choices: Sequence[Sequence[int]], allowed: Allowed) -> list[Sampled]:
        """Given sequences as if they had been drawn."""
        return self._walk(len(choices), given(choices), allowed).ended()

    @torch.no_grad()
    def best(self, allowed: Allowed) -> tuple[int, ...]:
        """The sequence of the likeliest choice at every place, given those before."""
        return tuple(self._walk(1, likeliest, allowed).choices[0])

    @torch.no_grad()
    def policy(self, allowed: Allowed) -> list[list[float]]:
        """For each decision the chances of its options on the way to `best`, 4 digits."""
        chances = self._walk(1, likeliest, allowed).chances
        return [[round(one, 4) for one in row[0].tolist()] for row in chances]

    def _walk(self, count: int, pick: Pick, allowed: Allowed) -> Course:
        course, anchors = Course(count, pick, allowed), Anchors()
        for row, block in enumerate(self.outside):
            anchor = self.anchors[row].expand(count, -1)
            anchors.add(block, anchor, anchor @ self.key)
        start = self.start.expand(count, -1)
        x, state = start, (torch.zeros_like(start), torch.zeros_like(start))
        for number, (places, ends_block) in enumerate(self._steps):
            state = self.lstm(x + self.places[number] if self.config.placed else x, state)
            x = self._decide(course, anchors, places, state[0])
            if ends_block:
                state = self.lstm(x, state)
                block = self.decisions[places[0]].block
                anchors.add(block, state[0], state[0] @ self.key)
                x = start
        return course

    def _decide(
        self, course: Course, anchors: Anchors, places: tuple[int, ...], h: torch.Tensor
    ) -> torch.Tensor:
        """Makes the choices of one step; what the LSTM reads next, count x hidden."""
        kind = self.decisions[places[0]].kind
        if kind == "input":
            return self._choose_input(course, anchors, places[0], h)
        if kind == "skip":
            return self._choose_skips(course, anchors, places, h)
        decision = self.decisions[places[0]]
        menu = self.menus.index(decision.options)
        logits = h @ self.readouts[menu] + self.biases[menu]
        logits = self._shaped(logits, self.config.op_reduce)
        if self.config.lean and decision.block in self._first_cell:
            logits = logits + self.config.lean * (2 * self._favoured[menu] - 1).to(h)
        return self.embeddings[menu][course.choose(places[0], logits)]

    def _choose_input(
        self, course: Course, anchors: Anchors, place: int, h: torch.Tensor
    ) -> torch.Tensor:
        decision = self.decisions[place]
        read, keys = anchors.stacked(decision.sources)
        logits = self._shaped(self._scores(h, keys, (place,)))
        if self.config.distance:
            apart = h.new_tensor([decision.block - source for source in decision.sources])
            logits = logits - apart.square() / self.config.distance
        chosen = course.choose(place, logits)
        return read[torch.arange(len(chosen)), chosen]

    def _choose_skips(
        self, course: Course, anchors: Anchors, places: tuple[int, ...], h: torch.Tensor
    ) -> torch.Tensor:
        """All at once; what is read next is the mean of the anchors taken and a zero."""
        read, keys = anchors.stacked([self.decisions[place].sources[0] for place in places])
        scores = self._scores(h, keys, places)
        logits = self._shaped(torch.stack([-scores, scores], dim=-1))
        bits = [course.choose(place, logits[:, row]) for row, place in enumerate(places)]
        course.pull(logits, self.config.skip_target)
        taken = torch.stack(bits, dim=1).to(h)[:, :, None]
        return (taken * read).sum(dim=1) / (1 + taken.sum(dim=1))

    def _scores(self, h: torch.Tensor, keys: torch.Tensor, places: tuple[int, ...]) -> torch.Tensor:
        """Attention of h, count x hidden, to keys, count x sources x hidden: count x sources."""
        scores = torch.tanh(keys + (h @ self.query)[:, None]) @ self.vector
        if self.config.placed:
            scores = scores + h @ torch.cat([self.own[str(place)] for place in places], dim=1)
        return scores

    def _shaped(self, logits: torch.Tensor, reduce: float = 1.0) -> torch.Tensor:
        if self.config.temperature:
            logits = logits / self.config.temperature
        if self.config.tanh:
            logits = self.config.tanh / reduce * torch.tanh(logits)
        return logits

"""The mutation controller of RENAS (1808.00193): which part to change, and to what.

A bidirectional encoder reads the parent. The router attends over the parts of a block, or of
all blocks at once, and picks one; where that is an input, the IN-mutator attends over the
earlier blocks and the cells before, where it is an operation (a size, or whether to skip), the
OP-mutator is a softmax over its options. All is trained together by policy gradient. Sizes and
rates are unknown from the paper: they are settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.arithmetic import softmax
from ...core.decision import Decision
from ..common.learning import lstm
from ..common.learning.categorical import entropy_of, minus_entropy_gradient, pick
from ..common.learning.parameters import Adam, Arrays, uniform
from .attention import Attended, attend, attend_back
from .bidirectional import encoder_arrays, read, read_back

Allowed = Callable[[Sequence[int], int], Sequence[int]]
REACH = 0.1


@dataclass(frozen=True)
class Change:
    """One part of the parent that takes another option."""

    place: int
    option: int


@dataclass(frozen=True)
class Routed:
    """The router's view of some places: their chances."""

    places: list[int]
    seen: Attended
    chances: np.ndarray


@dataclass(frozen=True)
class Flow:
    """What the encoder saw, t x 2 hidden, and what has come back so far."""

    states: np.ndarray
    d_states: np.ndarray
    gradients: Arrays


class MutationController:
    """Encoder, router, IN- and OP-mutator over one space's decisions."""

    def __init__(
        self,
        rng: np.random.Generator,
        decisions: Sequence[Decision],
        *,
        hidden: int,
        embedding: int,
        rate: float,
        every_block: bool,
    ):
        self.decisions = tuple(decisions)
        self.hidden = hidden
        self.every_block = every_block
        lengths = [len(decision.options) for decision in self.decisions]
        self._starts = [sum(lengths[:place]) for place in range(len(lengths))]
        self._last = {decision.block: place for place, decision in enumerate(self.decisions)}
        self._menus = sorted({one.options for one in self.decisions if one.kind != "input"})
        inputs = [one for one in self.decisions if one.kind == "input"]
        self._outside = sorted({s for one in inputs for s in one.sources if s < 0})
        wide = 2 * hidden
        self.arrays: Arrays = {
            **encoder_arrays(rng, sum(lengths), embedding, hidden, REACH),
            "router.key": uniform(rng, REACH, wide, hidden),
            "router.vector": uniform(rng, REACH, hidden),
            "input.query": uniform(rng, REACH, wide, hidden),
            "input.key": uniform(rng, REACH, wide, hidden),
            "input.vector": uniform(rng, REACH, hidden),
            "input.outside": uniform(rng, REACH, max(len(self._outside), 1), hidden),
        }
        for number, menu in enumerate(self._menus):
            self.arrays[f"op{number}.weight"] = uniform(rng, REACH, wide, len(menu))
            self.arrays[f"op{number}.bias"] = np.zeros(len(menu), dtype=np.float32)
        self.adam = Adam(self.arrays, rate)

    def proposals(
        self, rng: np.random.Generator, choices: Sequence[int], allowed: Allowed, hotter: float
    ) -> Iterator[list[Change]]:
        """One change, or one in every block, again and again; each more evenly drawn."""
        states, temperature = self._read(choices).states, 1.0
        while True:
            yield self._drawn(rng, states, choices, allowed, temperature)
            temperature *= hotter

    def _drawn(
        self,
        rng: np.random.Generator,
        states: np.ndarray,
        choices: Sequence[int],
        allowed: Allowed,
        temperature: float,
    ) -> list[Change]:
        changed, changes = list(choices), []
        for group in self._groups():
            routed = self._route(states, group, changed, allowed, temperature)
            if routed is None:
                continue
            place = routed.places[pick(rng, routed.chances)]
            chances, _ = self._mutate(states, place, changed, allowed, temperature)
            changes.append(Change(place, pick(rng, chances)))
            changed[place] = changes[-1].option
        return changes

    def chances(self, choices: Sequence[int], allowed: Allowed) -> list[float]:
        """How likely the router changes each place of a parent first."""
        states = self._read(choices).states
        found = [0.0] * len(choices)
        for group in self._groups():
            routed = self._route(states, group, choices, allowed)
            if routed is not None:
                for place, chance in zip(routed.places, routed.chances, strict=True):
                    found[place] = float(chance)
        return found

    def gradients(
        self,
        choices: Sequence[int],
        changes: Sequence[Change],
        allowed: Allowed,
        advantage: float,
        entropy: float,
    ) -> tuple[float, Arrays]:
        """Loss -(advantage x log probability + entropy x entropies), and its gradient."""
        seen = self._read(choices)
        flow = Flow(seen.states, np.zeros_like(seen.states), lstm.zeros(self.arrays))
        changed, loss = list(choices), 0.0
        waiting = list(changes)
        for group in self._groups():
            routed = self._route(seen.states, group, changed, allowed)
            if routed is None:
                continue
            change = waiting.pop(0)
            chosen = routed.places.index(change.place)
            loss += _loss(routed.chances, chosen, advantage, entropy)
            d_scores = _d_logits(routed.chances, chosen, advantage, entropy)
            self._route_back(flow, routed, d_scores)
            chances, attended = self._mutate(seen.states, change.place, changed, allowed)
            loss += _loss(chances, change.option, advantage, entropy)
            d_logits = _d_logits(chances, change.option, advantage, entropy)
            self._mutate_back(flow, change.place, attended, d_logits)
            changed[change.place] = change.option
        read_back(self.arrays, flow.gradients, seen, flow.d_states)
        return loss, flow.gradients

    def state_dict(self) -> dict[str, Any]:
        return self.adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state)

    def _read(self, choices: Sequence[int]) -> Any:
        words = [start + one for start, one in zip(self._starts, choices, strict=True)]
        return read(self.arrays, words, self.hidden)

    def _groups(self) -> list[list[int]]:
        """The places the router attends over at once."""
        places = list(range(len(self.decisions)))
        if not self.every_block:
            return [places]
        return [[p for p in places if self.decisions[p].block == block] for block in self._last]

    def _route(
        self,
        states: np.ndarray,
        group: list[int],
        choices: Sequence[int],
        allowed: Allowed,
        temperature: float = 1.0,
    ) -> Routed | None:
        """Chances over the places of a group that have another option; None: none has."""
        places = [p for p in group if self._others(choices, p, allowed)]
        if not places:
            return None
        keys = states[places] @ self.arrays["router.key"]
        seen = attend(self.arrays["router.vector"], np.zeros_like(keys[0]), keys)
        return Routed(places, seen, softmax(seen.scores / temperature))

    def _route_back(self, flow: Flow, routed: Routed, d_scores: np.ndarray) -> None:
        d_vector, d_keys = attend_back(self.arrays["router.vector"], routed.seen, d_scores)
        flow.gradients["router.vector"] += d_vector
        flow.gradients["router.key"] += flow.states[routed.places].T @ d_keys
        flow.d_states[routed.places] += d_keys @ self.arrays["router.key"].T

    def _others(self, choices: Sequence[int], place: int, allowed: Allowed) -> list[int]:
        return [option for option in allowed(choices, place) if option != choices[place]]

    def _mutate(
        self,
        states: np.ndarray,
        place: int,
        choices: Sequence[int],
        allowed: Allowed,
        temperature: float = 1.0,
    ) -> tuple[np.ndarray, Attended | None]:
        """Chances over the options of a place; the present one has none."""
        decision, attended = self.decisions[place], None
        if decision.kind == "input":
            query = states[place] @ self.arrays["input.query"]
            attended = attend(self.arrays["input.vector"], query, self._keys(states, decision))
            logits = attended.scores
        else:
            menu = self._menus.index(decision.options)
            logits = states[place] @ self.arrays[f"op{menu}.weight"]
            logits = logits + self.arrays[f"op{menu}.bias"]
        barred = np.full(len(logits), -np.inf)
        barred[self._others(choices, place, allowed)] = 0.0
        return softmax(logits / temperature + barred), attended

    def _mutate_back(
        self, flow: Flow, place: int, attended: Attended | None, d_logits: np.ndarray
    ) -> None:
        decision, state = self.decisions[place], flow.states[place]
        if attended is None:
            menu = self._menus.index(decision.options)
            flow.gradients[f"op{menu}.weight"] += np.outer(state, d_logits)
            flow.gradients[f"op{menu}.bias"] += d_logits
            flow.d_states[place] += self.arrays[f"op{menu}.weight"] @ d_logits
            return
        d_vector, d_keys = attend_back(self.arrays["input.vector"], attended, d_logits)
        flow.gradients["input.vector"] += d_vector
        d_query = d_keys.sum(axis=0)
        flow.gradients["input.query"] += np.outer(state, d_query)
        flow.d_states[place] += self.arrays["input.query"] @ d_query
        for source, d_key in zip(decision.sources, d_keys, strict=True):
            if source < 0:
                flow.gradients["input.outside"][self._outside.index(source)] += d_key
                continue
            at = self._last[source]
            flow.gradients["input.key"] += np.outer(flow.states[at], d_key)
            flow.d_states[at] += self.arrays["input.key"] @ d_key

    def _keys(self, states: np.ndarray, decision: Decision) -> np.ndarray:
        """One key an option: of a block the state at its end, of the outside a learned one."""
        return np.array(
            [
                self.arrays["input.outside"][self._outside.index(source)]
                if source < 0
                else states[self._last[source]] @ self.arrays["input.key"]
                for source in decision.sources
            ]
        )


def _loss(chances: np.ndarray, chosen: int, advantage: float, entropy: float) -> float:
    return float(-advantage * np.log(chances[chosen]) - entropy * entropy_of(chances))


def _d_logits(chances: np.ndarray, chosen: int, advantage: float, entropy: float) -> np.ndarray:
    d_logits = advantage * chances + entropy * minus_entropy_gradient(chances)
    d_logits[chosen] -= advantage
    return d_logits

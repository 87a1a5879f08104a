"""The mutation controller of RENAS (1808.00193): which decision to change, and to which option.

A bidirectional encoder reads the parent's choices. The router attends over the decisions of a
block, or of all blocks at once, and selects one. If that is an input, the IN-mutator attends
over the earlier blocks and the previous cells; if it is an operation (or a size, or a skip),
the OP-mutator is a softmax over its options. All parts are trained together by policy gradient.
The paper does not give sizes and learning rates: they are settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.arithmetic import softmax
from ...core.decision import Decision
from ..common.learning import lstm
from ..common.learning.adam import Adam, Arrays, uniform
from ..common.learning.categorical import draw, entropy, masked, negative_entropy_gradient
from .attention import Attention, attend, attend_backward
from .bidirectional import Encoding, encode, encode_backward, encoder_arrays

Allowed = Callable[[Sequence[int], int], Sequence[int]]
BOUND = 0.1  # initial weights are drawn from U(-BOUND, BOUND)


@dataclass(frozen=True)
class Change:
    """A decision of the parent, by its index, that takes another option."""

    decision: int
    option: int


@dataclass(frozen=True)
class Route:
    """The router's probabilities over the decisions that can change."""

    decisions: list[int]
    attention: Attention
    probabilities: np.ndarray


@dataclass(frozen=True)
class Flow:
    """The encoder's states t x 2 hidden, and the gradients accumulated so far."""

    states: np.ndarray
    d_states: np.ndarray
    gradients: Arrays


class MutationController:
    """Encoder, router, IN-mutator and OP-mutator over the decisions of one space.

    Args:
        rng: draws the initial weights.
        decisions: the decisions of the space.
        hidden: units of the encoder's LSTM, per direction.
        embedding: size of the token embedding.
        rate: learning rate of Adam.
        every_block: change one decision in every block instead of one in all.
    """

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
        counts = [len(decision.options) for decision in self.decisions]
        # Each option of each decision is a token of its own: option o of decision d is
        # token starts[d] + o.
        self._starts = [sum(counts[:index]) for index in range(len(counts))]
        # The last decision of each block: its state stands for the block as an input.
        self._last = {decision.block: index for index, decision in enumerate(self.decisions)}
        # Decisions with the same options share the weights of the OP-mutator.
        self._menus = sorted({d.options for d in self.decisions if d.kind != "input"})
        inputs = [decision for decision in self.decisions if decision.kind == "input"]
        self._outside = sorted({s for decision in inputs for s in decision.sources if s < 0})
        wide = 2 * hidden
        self.arrays: Arrays = {
            **encoder_arrays(rng, sum(counts), embedding, hidden, BOUND),
            "router.key": uniform(rng, BOUND, wide, hidden),
            "router.vector": uniform(rng, BOUND, hidden),
            "input.query": uniform(rng, BOUND, wide, hidden),
            "input.key": uniform(rng, BOUND, wide, hidden),
            "input.vector": uniform(rng, BOUND, hidden),
            "input.outside": uniform(rng, BOUND, max(len(self._outside), 1), hidden),
        }
        for number, menu in enumerate(self._menus):
            self.arrays[f"op{number}.weight"] = uniform(rng, BOUND, wide, len(menu))
            self.arrays[f"op{number}.bias"] = np.zeros(len(menu), dtype=np.float32)
        self.adam = Adam(self.arrays, rate)

    def proposals(
        self,
        rng: np.random.Generator,
        choices: Sequence[int],
        allowed: Allowed,
        temperature_growth: float,
    ) -> Iterator[list[Change]]:
        """Yield mutations of a parent, each drawn at a higher temperature than the last.

        A mutation is one change, or one change per block with `every_block`.
        """
        states, temperature = self._encode(choices).states, 1.0
        while True:
            yield self._sample(rng, states, choices, allowed, temperature)
            temperature *= temperature_growth

    def _sample(
        self,
        rng: np.random.Generator,
        states: np.ndarray,
        choices: Sequence[int],
        allowed: Allowed,
        temperature: float,
    ) -> list[Change]:
        changed, changes = list(choices), []
        for group in self._groups():
            route = self._route(states, group, changed, allowed, temperature)
            if route is None:
                continue
            decision = route.decisions[draw(rng, route.probabilities)]
            probabilities, _ = self._mutate(states, decision, changed, allowed, temperature)
            changes.append(Change(decision, draw(rng, probabilities)))
            changed[decision] = changes[-1].option
        return changes

    def router_probabilities(self, choices: Sequence[int], allowed: Allowed) -> list[float]:
        """Return for each decision of a parent the probability that the router selects it.

        With `every_block` they sum to 1 in each block.
        """
        states = self._encode(choices).states
        by_decision = [0.0] * len(choices)
        for group in self._groups():
            route = self._route(states, group, choices, allowed)
            if route is not None:
                for decision, probability in zip(route.decisions, route.probabilities, strict=True):
                    by_decision[decision] = float(probability)
        return by_decision

    def gradients(
        self,
        choices: Sequence[int],
        changes: Sequence[Change],
        allowed: Allowed,
        advantage: float,
        entropy_weight: float,
    ) -> tuple[float, Arrays]:
        """Return the policy-gradient loss of a mutation and its gradients.

        The loss is -(advantage x log probability + entropy_weight x sum of entropies).

        Args:
            choices: the parent's choices.
            changes: the mutation, as `proposals` yielded it.
            allowed: options of a decision, given the choices.
            advantage: how much better the child is than expected.
            entropy_weight: weight of the entropy bonus.
        """
        encoding = self._encode(choices)
        flow = Flow(encoding.states, np.zeros_like(encoding.states), lstm.zeros(self.arrays))
        changed, loss = list(choices), 0.0
        remaining = list(changes)
        for group in self._groups():
            route = self._route(encoding.states, group, changed, allowed)
            if route is None:
                continue
            change = remaining.pop(0)
            selected = route.decisions.index(change.decision)
            loss += _loss(route.probabilities, selected, advantage, entropy_weight)
            d_scores = _d_logits(route.probabilities, selected, advantage, entropy_weight)
            self._route_backward(flow, route, d_scores)
            probabilities, attention = self._mutate(
                encoding.states, change.decision, changed, allowed
            )
            loss += _loss(probabilities, change.option, advantage, entropy_weight)
            d_logits = _d_logits(probabilities, change.option, advantage, entropy_weight)
            self._mutate_backward(flow, change.decision, attention, d_logits)
            changed[change.decision] = change.option
        encode_backward(self.arrays, flow.gradients, encoding, flow.d_states)
        return loss, flow.gradients

    def state_dict(self) -> dict[str, Any]:
        return self.adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state)

    def _encode(self, choices: Sequence[int]) -> Encoding:
        tokens = [start + choice for start, choice in zip(self._starts, choices, strict=True)]
        return encode(self.arrays, tokens, self.hidden)

    def _groups(self) -> list[list[int]]:
        """Return the groups of decisions that the router attends over together."""
        decisions = list(range(len(self.decisions)))
        if not self.every_block:
            return [decisions]
        return [[d for d in decisions if self.decisions[d].block == block] for block in self._last]

    def _route(
        self,
        states: np.ndarray,
        group: list[int],
        choices: Sequence[int],
        allowed: Allowed,
        temperature: float = 1.0,
    ) -> Route | None:
        """Return the router's probabilities over the decisions of a group that can change.

        None if no decision of the group has another allowed option.
        """
        decisions = [d for d in group if self._alternatives(choices, d, allowed)]
        if not decisions:
            return None
        keys = states[decisions] @ self.arrays["router.key"]
        attention = attend(self.arrays["router.vector"], np.zeros_like(keys[0]), keys)
        return Route(decisions, attention, softmax(attention.scores / temperature))

    def _route_backward(self, flow: Flow, route: Route, d_scores: np.ndarray) -> None:
        vector = self.arrays["router.vector"]
        d_vector, d_keys = attend_backward(vector, route.attention, d_scores)
        flow.gradients["router.vector"] += d_vector
        flow.gradients["router.key"] += flow.states[route.decisions].T @ d_keys
        flow.d_states[route.decisions] += d_keys @ self.arrays["router.key"].T

    def _alternatives(self, choices: Sequence[int], decision: int, allowed: Allowed) -> list[int]:
        options = allowed(choices, decision)
        return [option for option in options if option != choices[decision]]

    def _mutate(
        self,
        states: np.ndarray,
        decision: int,
        choices: Sequence[int],
        allowed: Allowed,
        temperature: float = 1.0,
    ) -> tuple[np.ndarray, Attention | None]:
        """Return probabilities over a decision's options; the present option has 0.

        The attention is that of the IN-mutator, None for the OP-mutator.
        """
        target, attention = self.decisions[decision], None
        if target.kind == "input":
            query = states[decision] @ self.arrays["input.query"]
            attention = attend(self.arrays["input.vector"], query, self._keys(states, target))
            logits = attention.scores
        else:
            menu = self._menus.index(target.options)
            logits = states[decision] @ self.arrays[f"op{menu}.weight"]
            logits = logits + self.arrays[f"op{menu}.bias"]
        alternatives = self._alternatives(choices, decision, allowed)
        return softmax(masked(logits / temperature, alternatives)), attention

    def _mutate_backward(
        self, flow: Flow, decision: int, attention: Attention | None, d_logits: np.ndarray
    ) -> None:
        target, state = self.decisions[decision], flow.states[decision]
        if attention is None:
            menu = self._menus.index(target.options)
            flow.gradients[f"op{menu}.weight"] += np.outer(state, d_logits)
            flow.gradients[f"op{menu}.bias"] += d_logits
            flow.d_states[decision] += self.arrays[f"op{menu}.weight"] @ d_logits
            return
        d_vector, d_keys = attend_backward(self.arrays["input.vector"], attention, d_logits)
        flow.gradients["input.vector"] += d_vector
        d_query = d_keys.sum(axis=0)
        flow.gradients["input.query"] += np.outer(state, d_query)
        flow.d_states[decision] += self.arrays["input.query"] @ d_query
        for source, d_key in zip(target.sources, d_keys, strict=True):
            if source < 0:
                flow.gradients["input.outside"][self._outside.index(source)] += d_key
                continue
            last = self._last[source]
            flow.gradients["input.key"] += np.outer(flow.states[last], d_key)
            flow.d_states[last] += self.arrays["input.key"] @ d_key

    def _keys(self, states: np.ndarray, decision: Decision) -> np.ndarray:
        """Return one key per option: for a block the projected state at its last decision, for
        a source outside the cell a learned vector."""
        return np.array(
            [
                self.arrays["input.outside"][self._outside.index(source)]
                if source < 0
                else states[self._last[source]] @ self.arrays["input.key"]
                for source in decision.sources
            ]
        )


def _loss(probabilities: np.ndarray, chosen: int, advantage: float, entropy_weight: float) -> float:
    bonus = entropy_weight * entropy(probabilities)
    return float(-advantage * np.log(probabilities[chosen]) - bonus)


def _d_logits(
    probabilities: np.ndarray, chosen: int, advantage: float, entropy_weight: float
) -> np.ndarray:
    """Return the gradient of `_loss` with respect to the logits."""
    d_logits = advantage * probabilities
    d_logits = d_logits + entropy_weight * negative_entropy_gradient(probabilities)
    d_logits[chosen] -= advantage
    return d_logits

"""Every gradient of the small networks: against finite differences, and torch's own LSTM."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.strategies.common.learning import lstm
from nasengine.strategies.common.learning.categorical import entropy_of
from nasengine.strategies.dpp_net.regressor import SequenceRegressor, Texts
from nasengine.strategies.monas.policy import SequencePolicy
from nasengine.strategies.renas.controller import MutationController

STEP = 1e-6


def doubled(arrays):
    """The same arrays in float64, larger so that nothing is near linear."""
    for name, array in arrays.items():
        arrays[name] = 3 * array.astype(np.float64)


def differences(arrays, loss, rng, looks=6):
    """(name, index, slope) at a few places of every array."""
    for name, array in arrays.items():
        for _ in range(looks):
            index = tuple(int(rng.integers(side)) for side in array.shape)
            kept = array[index]
            array[index] = kept + STEP
            above = loss()
            array[index] = kept - STEP
            below = loss()
            array[index] = kept
            yield name, index, (above - below) / (2 * STEP)


def agree(arrays, gradients, loss, rng):
    slopes = list(differences(arrays, loss, rng))
    for name, index, slope in slopes:
        assert gradients[name][index] == pytest.approx(slope, rel=1e-4, abs=1e-7), (name, index)
    assert sum(abs(slope) > 1e-5 for _, _, slope in slopes) > len(slopes) / 3


def test_the_regressor_with_texts_of_different_lengths():
    rng = np.random.default_rng(0)
    network = SequenceRegressor(rng, 7, 2, hidden=5, embedding=3, rate=0.01)
    doubled(network.arrays)
    texts = Texts.of([[0, 1, 2, 3], [4, 5], [6], [2, 2, 6]])
    targets = rng.standard_normal((4, 2))
    _, gradients = network.gradients(texts, targets)
    agree(network.arrays, gradients, lambda: network.gradients(texts, targets)[0], rng)


def test_the_policy():
    rng = np.random.default_rng(1)
    policy = SequencePolicy(rng, [3, 4, 2, 4], hidden=5, rate=0.01)
    doubled(policy.arrays)
    choices = [2, 1, 0, 3]

    def allowed(before, place):
        return [1, 3] if place == 3 else range(policy.options[place])

    def loss():
        chances = policy.distributions(choices, allowed)
        logs = sum(np.log(one[choice]) for one, choice in zip(chances, choices, strict=True))
        return float(-0.7 * logs - 0.3 * sum(map(entropy_of, chances)))

    gradients = policy.gradients(choices, allowed, 0.7, 0.3)
    agree(policy.arrays, gradients, loss, rng)


@pytest.mark.parametrize("every_block", [False, True])
@pytest.mark.parametrize("name", ["nb201", "cell"])
def test_the_mutation_controller(name, every_block):
    rng = np.random.default_rng(2)
    space = load("spaces", name)
    space = space(space.Config())
    controller = MutationController(
        rng, space.decisions(), hidden=4, embedding=3, rate=0.01, every_block=every_block
    )
    doubled(controller.arrays)
    choices = space.choices(space.sample(rng))
    changes = next(controller.proposals(rng, choices, space.allowed, 1.1))
    assert len(changes) == (space.decisions()[-1].block + 1 if every_block else 1)

    def both():
        return controller.gradients(choices, changes, space.allowed, 0.7, 0.3)

    agree(controller.arrays, both()[1], lambda: both()[0], rng)


def test_the_lstm_is_torchs():
    rng = np.random.default_rng(3)
    arrays = lstm.lstm_arrays(rng, 3, 4, 0.8)
    theirs = torch.nn.LSTM(3, 4, batch_first=True)
    with torch.no_grad():
        weight = torch.tensor(arrays["weight"])
        theirs.weight_ih_l0.copy_(weight[:3].T)
        theirs.weight_hh_l0.copy_(weight[3:].T)
        theirs.bias_ih_l0.copy_(torch.tensor(arrays["bias"]))
        theirs.bias_hh_l0.zero_()
    x = rng.standard_normal((2, 5, 3)).astype(np.float32)
    state, told = lstm.start(2, 4), []
    for place in range(5):
        state, _ = lstm.forward(arrays, x[:, place], state)
        told.append(state[0])
    answers, (_, cell) = theirs(torch.tensor(x))
    assert np.allclose(np.stack(told, axis=1), answers.detach().numpy(), atol=1e-6)
    assert np.allclose(state[1], cell[0].detach().numpy(), atol=1e-6)

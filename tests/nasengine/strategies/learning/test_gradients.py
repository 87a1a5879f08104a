"""Gradients of the numpy networks, against finite differences and PyTorch's LSTM."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.strategies.common.learning import lstm
from nasengine.strategies.common.learning.categorical import draw, entropy
from nasengine.strategies.dpp_net.regressor import SequenceRegressor, TokenBatch
from nasengine.strategies.monas.policy import SequencePolicy
from nasengine.strategies.renas.controller import MutationController

STEP = 1e-6


def scale_up(arrays):
    """Turn the arrays into float64 and triple them, so that no layer is almost linear."""
    for name, array in arrays.items():
        arrays[name] = 3 * array.astype(np.float64)


def numeric_slopes(arrays, loss, rng, per_array=6):
    """Yield (name, index, slope by central difference) at a few entries of each array."""
    for name, array in arrays.items():
        for _ in range(per_array):
            index = tuple(int(rng.integers(side)) for side in array.shape)
            original = array[index]
            array[index] = original + STEP
            above = loss()
            array[index] = original - STEP
            below = loss()
            array[index] = original
            yield name, index, (above - below) / (2 * STEP)


def assert_gradients(arrays, gradients, loss, rng):
    slopes = list(numeric_slopes(arrays, loss, rng))
    for name, index, slope in slopes:
        assert gradients[name][index] == pytest.approx(slope, rel=1e-4, abs=1e-7), (name, index)
    # Most compared entries must matter, or all-zero gradients would pass.
    assert sum(abs(slope) > 1e-5 for _, _, slope in slopes) > len(slopes) / 3


def test_gradients_of_the_regressor_with_sequences_of_different_lengths():
    rng = np.random.default_rng(0)
    network = SequenceRegressor(rng, 7, 2, hidden=5, embedding=3, rate=0.01)
    scale_up(network.arrays)
    sequences = TokenBatch.of([[0, 1, 2, 3], [4, 5], [6], [2, 2, 6]])
    targets = rng.standard_normal((4, 2))
    _, gradients = network.gradients(sequences, targets)
    assert_gradients(
        network.arrays, gradients, lambda: network.gradients(sequences, targets)[0], rng
    )


def test_gradients_of_the_policy_with_a_masked_option():
    rng = np.random.default_rng(1)
    policy = SequencePolicy(rng, [3, 4, 2, 4], hidden=5, rate=0.01)
    scale_up(policy.arrays)
    choices = [2, 1, 0, 3]

    def allowed(before, decision):
        return [1, 3] if decision == 3 else range(policy.options[decision])

    def loss():
        rows = policy.distributions(choices, allowed)
        logs = sum(np.log(row[choice]) for row, choice in zip(rows, choices, strict=True))
        return float(-0.7 * logs - 0.3 * sum(map(entropy, rows)))

    gradients = policy.gradients(choices, allowed, 0.7, 0.3)
    assert_gradients(policy.arrays, gradients, loss, rng)


@pytest.mark.parametrize("every_block", [False, True])
@pytest.mark.parametrize("name", ["nb201", "cell"])
def test_gradients_of_the_mutation_controller(name, every_block):
    rng = np.random.default_rng(2)
    space = load("spaces", name)
    space = space(space.Config())
    controller = MutationController(
        rng, space.decisions(), hidden=4, embedding=3, rate=0.01, every_block=every_block
    )
    scale_up(controller.arrays)
    choices = space.choices(space.sample(rng))
    changes = next(controller.proposals(rng, choices, space.allowed, 1.1))
    assert len(changes) == (space.decisions()[-1].block + 1 if every_block else 1)

    def loss_and_gradients():
        return controller.gradients(choices, changes, space.allowed, 0.7, 0.3)

    gradients = loss_and_gradients()[1]
    assert_gradients(controller.arrays, gradients, lambda: loss_and_gradients()[0], rng)


def test_the_lstm_computes_what_pytorchs_computes():
    rng = np.random.default_rng(3)
    arrays = lstm.lstm_arrays(rng, 3, 4, 0.8)
    reference = torch.nn.LSTM(3, 4, batch_first=True)
    with torch.no_grad():
        weight = torch.tensor(arrays["weight"])
        reference.weight_ih_l0.copy_(weight[:3].T)
        reference.weight_hh_l0.copy_(weight[3:].T)
        reference.bias_ih_l0.copy_(torch.tensor(arrays["bias"]))
        reference.bias_hh_l0.zero_()
    x = rng.standard_normal((2, 5, 3)).astype(np.float32)
    state, outputs = lstm.start(2, 4), []
    for position in range(5):
        state, _ = lstm.forward(arrays, x[:, position], state)
        outputs.append(state[0])
    expected, (_, cell) = reference(torch.tensor(x))
    assert np.allclose(np.stack(outputs, axis=1), expected.detach().numpy(), atol=1e-6)
    assert np.allclose(state[1], cell[0].detach().numpy(), atol=1e-6)


def test_draws_follow_their_probabilities_and_never_take_an_impossible_option():
    rng = np.random.default_rng(4)
    probabilities = np.array([0.5, 0.0, 0.2, 0.3, 0.0])
    counts = np.bincount([draw(rng, probabilities) for _ in range(20_000)], minlength=5)
    assert counts / 20_000 == pytest.approx(probabilities, abs=0.02)
    assert counts[1] == counts[4] == 0

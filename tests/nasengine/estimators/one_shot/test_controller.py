"""ENAS' controller: probabilities of all sequences of a tiny space, gradients, logits."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.core.decision import Decision
from nasengine.core.settings import from_mapping
from nasengine.estimators.one_shot.enas.controller import Controller
from nasengine.estimators.one_shot.enas.decision_steps import first_cell, steps
from nasengine.strategies.one_shot.enas.controller_config import ControllerConfig

OPS, NO_YES = ("conv", "pool", "skip"), ("no", "yes")
# Two blocks with operation, input or size, then a layer with skips from earlier blocks.
TINY = (
    Decision("0 op", OPS, "op", 0),
    Decision("0 input", ("a", "b"), "input", 0, (-2, -1)),
    Decision("1 input", ("a", "b", "0"), "input", 1, (-2, -1, 0)),
    Decision("1 size", ("4", "8"), "size", 1),
    Decision("2 op", OPS, "op", 2),
    Decision("2 reads outside", NO_YES, "skip", 2, (-1,)),
    Decision("2 reads 0", NO_YES, "skip", 2, (0,)),
    Decision("2 reads 1", NO_YES, "skip", 2, (1,)),
)
SETTINGS = [
    {},
    {"placed": False, "tanh": 0.0},
    {"temperature": 5.0, "tanh": 2.5, "op_reduce": 1.0, "distance": 6.0},
    {"favoured": ("conv",), "bias": 10.0, "lean": 0.25},
]


def allowed(choices, index):
    """Forbid equal operations, and require at least one skip."""
    if index == 4:
        return tuple(option for option in range(3) if option != choices[0])
    if index == 7:
        return (0, 1) if any(choices[5:7]) else (1,)
    return tuple(range(len(TINY[index].options)))


def controller(seed=0, dtype=torch.float64, decisions=TINY, **settings):
    config = ControllerConfig(hidden=8, **settings)
    network = Controller(decisions, config, torch.Generator().manual_seed(seed)).to(dtype)
    with torch.no_grad():  # far from uniform probabilities
        for parameter in network.parameters():
            parameter.mul_(5)
    return network


def all_sequences():
    rows = itertools.product(*(range(len(decision.options)) for decision in TINY))
    return [row for row in rows if all(row[i] in allowed(row[:i], i) for i in range(len(row)))]


@pytest.mark.parametrize("settings", SETTINGS)
def test_probabilities_sum_to_one_and_entropies_to_the_total_entropy(settings):
    rows = all_sequences()
    assert len(rows) == 3 * 2 * 3 * 2 * 2 * 7
    samples = controller(**settings).replay(rows, allowed)
    logs = torch.stack([sample.log_prob for sample in samples]).detach()
    probabilities = logs.exp()
    assert abs(float(probabilities.sum()) - 1) < 1e-12
    entropies = torch.stack([sample.entropy for sample in samples]).detach()
    # By the chain rule the total entropy is the mean of the entropies along the sequences.
    total = -(probabilities * logs).sum()
    assert abs(float((probabilities * entropies).sum() - total)) < 1e-12
    assert float(total) < math.log(len(rows)) - 1e-3


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_policy_gradient_is_the_gradient_of_the_expected_reward(settings):
    made, rows = controller(1, **settings), all_sequences()
    rewards = torch.tensor([sum(row) ** 2 / 50 for row in rows], dtype=torch.float64)
    logs = torch.stack([sample.log_prob for sample in made.replay(rows, allowed)])
    parameters = list(made.parameters())
    expected = torch.autograd.grad((logs.exp() * rewards).sum(), parameters, retain_graph=True)
    weights = (logs.exp() * (rewards - 0.3)).detach()  # the baseline does not matter
    gradients = torch.autograd.grad((weights * logs).sum(), parameters)
    for gradient, exact in zip(gradients, expected, strict=True):
        assert torch.allclose(gradient, exact, atol=1e-13)


def test_the_gradient_of_a_log_probability_equals_the_finite_difference():
    made, row = controller(2), all_sequences()[100]
    parameters = list(made.parameters())
    gradients = torch.autograd.grad(made.replay([row], allowed)[0].log_prob, parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        position = int(gradient.abs().argmax())
        sides = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter.view(-1)[position] += step
                sides.append(float(made.replay([row], allowed)[0].log_prob))
                parameter.view(-1)[position] -= step
        slope = (sides[0] - sides[1]) / 2e-6
        assert abs(slope - float(gradient.view(-1)[position])) < 1e-7


def test_sequences_are_sampled_with_their_probabilities():
    made, rows, many = controller(3), all_sequences(), 20_000
    samples = made.samples(many, torch.Generator().manual_seed(5), allowed)
    counts = Counter(sample.choices for sample in samples)
    assert set(counts) <= set(rows)
    replayed = made.replay(rows, allowed)
    expected = [math.exp(float(sample.log_prob.detach())) for sample in replayed]
    distance = sum(abs(counts[row] / many - p) for row, p in zip(rows, expected, strict=True)) / 2
    noise = sum(math.sqrt(p * (1 - p) / many) for p in expected) / math.sqrt(2 * math.pi)
    assert distance < 1.3 * noise


@pytest.mark.parametrize("name", ["cell", "nb201", "block-cell", "chain-alexnet"])
def test_samples_are_valid_and_determined_by_the_seed(name):
    space = load("spaces", name)(load("spaces", name).Config())
    made = Controller(space.decisions(), ControllerConfig(), torch.Generator().manual_seed(0))
    first, again, other = (
        made.samples(20, torch.Generator().manual_seed(seed), space.allowed) for seed in (1, 1, 2)
    )
    assert [s.choices for s in first] == [s.choices for s in again]
    assert [s.choices for s in first] != [s.choices for s in other]
    for sample in first:
        space.validate(space.from_choices(sample.choices))
    replayed = made.replay([sample.choices for sample in first], space.allowed)
    for sample, same in zip(first, replayed, strict=True):
        assert torch.allclose(sample.log_prob, same.log_prob, atol=1e-5)
        assert torch.allclose(sample.entropy, same.entropy, atol=1e-5)
    single = made.sample(torch.Generator().manual_seed(3), space.allowed)
    space.validate(space.from_choices(single.choices))
    assert float(single.skip_penalty.detach()) == 0.0


def test_best_is_the_greedy_sequence():
    made = controller(4)
    best, policy = made.best(allowed), made.policy(allowed)
    assert best in all_sequences()
    assert [len(row) for row in policy] == [len(decision.options) for decision in TINY]
    for index, row in enumerate(policy):
        assert abs(sum(row) - 1) < 1e-3
        assert max(row) == row[best[index]]
        possible = {option for option, probability in enumerate(row) if probability > 0}
        assert possible == set(allowed(best[:index], index))


def test_the_tanh_constant_bounds_the_probabilities():
    """With tanh 1.1 and op_reduce 2.5 one of five operations has at most 0.376."""
    space = load("spaces", "nb201")(load("spaces", "nb201").Config())
    made = Controller(space.decisions(), ControllerConfig(), torch.Generator().manual_seed(0))
    with torch.no_grad():
        for bias in made.biases:
            bias[:] = torch.tensor([1000.0, -1000.0, -1000.0, -1000.0, -1000.0])
    largest = math.exp(0.44) / (math.exp(0.44) + 4 * math.exp(-0.44))
    assert np.allclose([row[0] for row in made.policy(space.allowed)], largest, atol=1e-4)


def test_bias_and_lean_favour_operations_before_training():
    settings = {"favoured": ("sep_conv_3x3", "sep_conv_5x5"), "bias": 10.0, "lean": 0.25}
    space_class = load("spaces", "cell")
    space = space_class(from_mapping(space_class.Config, {"nodes": 2}))
    made = Controller(space.decisions(), ControllerConfig(**settings))
    policy = made.policy(space.allowed)
    operations = [
        row
        for row, decision in zip(policy, space.decisions(), strict=True)
        if decision.kind == "op"
    ]
    bounded = 0.44 * math.tanh(10)
    for index, row in enumerate(operations):
        lean = 0.5 if index < 4 else 0.0  # only in the normal cell
        ratio = math.exp(bounded + lean)
        favoured = space.operations.index("sep_conv_3x3")
        assert abs(row[favoured] / row[0] - ratio) < 0.1 * ratio


def test_the_logits_of_inputs_decrease_with_the_squared_distance():
    near = Decision("3 input", ("0", "1", "2"), "input", 3, (0, 1, 2))
    decisions = (*(Decision(f"{b} op", OPS, "op", b) for b in range(3)), near)
    made = controller(decisions=decisions, distance=6.0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
    row = made.policy(lambda _, index: tuple(range(len(decisions[index].options))))[-1]
    expected = torch.softmax(torch.tensor([-9 / 6, -4 / 6, -1 / 6]), dim=0)
    assert np.allclose(row, expected, atol=1e-4)


def test_the_skip_penalty_is_the_divergence_from_the_target():
    made = controller(5, skip_target=0.3)
    row = next(row for row in all_sequences() if row[5:] == (1, 1, 1))
    sample = made.replay([row], allowed)[0]
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
    uniform = made.replay([row], allowed)[0]
    divergence = 0.5 * math.log(0.5 / 0.7) + 0.5 * math.log(0.5 / 0.3)
    assert abs(float(uniform.skip_penalty.detach()) - 3 * divergence) < 1e-12
    assert float(sample.skip_penalty.detach()) >= 0


def test_skips_of_a_block_are_one_step_and_cells_are_separated():
    assert steps(TINY) == [
        ((0,), False), ((1,), True), ((2,), False), ((3,), True), ((4,), False), ((5, 6, 7), True)
    ]  # fmt: skip
    assert first_cell(TINY) == {0, 1, 2}
    space = load("spaces", "cell")(load("spaces", "cell").Config())
    assert first_cell(space.decisions()) == {0, 1, 2, 3}

"""ENAS' controller: its chances against all sequences of a tiny space, its scores by hand."""

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
# An operation and an input each, then a layer that may read what came before.
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


def allowed(choices, place):
    """Not the same operation twice, and somebody must be read."""
    if place == 4:
        return tuple(one for one in range(3) if one != choices[0])
    if place == 7:
        return (0, 1) if any(choices[5:7]) else (1,)
    return tuple(range(len(TINY[place].options)))


def controller(seed=0, dtype=torch.float64, decisions=TINY, **settings):
    config = ControllerConfig(hidden=8, **settings)
    made = Controller(decisions, config, torch.Generator().manual_seed(seed)).to(dtype)
    with torch.no_grad():  # far from even
        for parameter in made.parameters():
            parameter.mul_(5)
    return made


def everything():
    whole = itertools.product(*(range(len(one.options)) for one in TINY))
    return [row for row in whole if all(row[p] in allowed(row[:p], p) for p in range(len(row)))]


@pytest.mark.parametrize("settings", SETTINGS)
def test_chances_of_all_sequences_add_up_and_so_do_entropies(settings):
    rows = everything()
    assert len(rows) == 3 * 2 * 3 * 2 * 2 * 7
    told = controller(**settings).replay(rows, allowed)
    logs = torch.stack([one.log_prob for one in told]).detach()
    chances = logs.exp()
    assert abs(float(chances.sum()) - 1) < 1e-12
    entropies = torch.stack([one.entropy for one in told]).detach()
    whole = -(chances * logs).sum()  # chain rule: the mean of what was met on the way
    assert abs(float((chances * entropies).sum() - whole)) < 1e-12
    assert float(whole) < math.log(len(rows)) - 1e-3


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_policy_gradient_is_that_of_the_expected_reward(settings):
    made, rows = controller(1, **settings), everything()
    rewards = torch.tensor([sum(row) ** 2 / 50 for row in rows], dtype=torch.float64)
    logs = torch.stack([one.log_prob for one in made.replay(rows, allowed)])
    parameters = list(made.parameters())
    expected = torch.autograd.grad((logs.exp() * rewards).sum(), parameters, retain_graph=True)
    weights = (logs.exp() * (rewards - 0.3)).detach()  # any baseline will do
    found = torch.autograd.grad((weights * logs).sum(), parameters)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-13)


def test_the_gradient_of_a_log_probability_is_its_slope():
    made, row = controller(2), everything()[100]
    parameters = list(made.parameters())
    found = torch.autograd.grad(made.replay([row], allowed)[0].log_prob, parameters)
    for parameter, gradient in zip(parameters, found, strict=True):
        place = int(gradient.abs().argmax())
        sides = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter.view(-1)[place] += step
                sides.append(float(made.replay([row], allowed)[0].log_prob))
                parameter.view(-1)[place] -= step
        slope = (sides[0] - sides[1]) / 2e-6
        assert abs(slope - float(gradient.view(-1)[place])) < 1e-7


def test_sequences_are_drawn_as_often_as_they_are_likely():
    made, rows, many = controller(3), everything(), 20_000
    drawn = made.samples(many, torch.Generator().manual_seed(5), allowed)
    counts = Counter(one.choices for one in drawn)
    assert set(counts) <= set(rows)
    likely = [math.exp(float(one.log_prob.detach())) for one in made.replay(rows, allowed)]
    apart = sum(abs(counts[row] / many - p) for row, p in zip(rows, likely, strict=True)) / 2
    noise = sum(math.sqrt(p * (1 - p) / many) for p in likely) / math.sqrt(2 * math.pi)
    assert apart < 1.3 * noise


@pytest.mark.parametrize("name", ["cell", "nb201", "block-cell", "chain-alexnet"])
def test_what_is_drawn_is_legal_and_follows_the_seed(name):
    space = load("spaces", name)(load("spaces", name).Config())
    made = Controller(space.decisions(), ControllerConfig(), torch.Generator().manual_seed(0))
    first, again, other = (
        made.samples(20, torch.Generator().manual_seed(seed), space.allowed) for seed in (1, 1, 2)
    )
    assert [one.choices for one in first] == [one.choices for one in again]
    assert [one.choices for one in first] != [one.choices for one in other]
    for one in first:
        space.validate(space.from_choices(one.choices))
    told = made.replay([one.choices for one in first], space.allowed)
    for one, same in zip(first, told, strict=True):
        assert torch.allclose(one.log_prob, same.log_prob, atol=1e-5)
        assert torch.allclose(one.entropy, same.entropy, atol=1e-5)
    alone = made.sample(torch.Generator().manual_seed(3), space.allowed)
    space.validate(space.from_choices(alone.choices))
    assert float(alone.skip_penalty.detach()) == 0.0


def test_the_best_sequence_is_the_likeliest_at_every_place():
    made = controller(4)
    best, policy = made.best(allowed), made.policy(allowed)
    assert best in everything()
    assert [len(row) for row in policy] == [len(one.options) for one in TINY]
    for place, row in enumerate(policy):
        assert abs(sum(row) - 1) < 1e-3
        assert max(row) == row[best[place]]
        assert {one for one, chance in enumerate(row) if chance == 0} == set(range(len(row))) - set(
            allowed(best[:place], place)
        )


def test_squashed_scores_bound_the_chances():
    """tanh 1.1 and op_reduce 2.5 leave five operations at most 0.376, two inputs 0.9."""
    space = load("spaces", "nb201")(load("spaces", "nb201").Config())
    made = Controller(space.decisions(), ControllerConfig(), torch.Generator().manual_seed(0))
    with torch.no_grad():
        for bias in made.biases:
            bias[:] = torch.tensor([1000.0, -1000.0, -1000.0, -1000.0, -1000.0])
    most = math.exp(0.44) / (math.exp(0.44) + 4 * math.exp(-0.44))
    assert np.allclose([row[0] for row in made.policy(space.allowed)], most, atol=1e-4)


def test_bias_and_lean_favour_before_anything_is_learned():
    settings = {"favoured": ("sep_conv_3x3", "sep_conv_5x5"), "bias": 10.0, "lean": 0.25}
    space_class = load("spaces", "cell")
    space = space_class(from_mapping(space_class.Config, {"nodes": 2}))
    made = Controller(space.decisions(), ControllerConfig(**settings))
    policy = made.policy(space.allowed)
    operations = [row for row, one in zip(policy, space.decisions(), strict=True)
                  if one.kind == "op"]  # fmt: skip
    squashed = 0.44 * math.tanh(10)
    for place, row in enumerate(operations):
        lean = 0.5 if place < 4 else 0.0  # the normal cell alone
        ratio = math.exp(squashed + lean)
        favoured = space.operations.index("sep_conv_3x3")
        assert abs(row[favoured] / row[0] - ratio) < 0.1 * ratio


def test_far_inputs_lose_the_square_of_their_distance():
    near = Decision("3 input", ("0", "1", "2"), "input", 3, (0, 1, 2))
    decisions = (*(Decision(f"{b} op", OPS, "op", b) for b in range(3)), near)
    made = controller(decisions=decisions, distance=6.0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
    row = made.policy(lambda _, place: tuple(range(len(decisions[place].options))))[-1]
    expected = torch.softmax(torch.tensor([-9 / 6, -4 / 6, -1 / 6]), dim=0)
    assert np.allclose(row, expected, atol=1e-4)


def test_the_pull_on_skips_is_the_divergence_from_the_target():
    made = controller(5, skip_target=0.3)
    row = next(row for row in everything() if row[5:] == (1, 1, 1))
    told = made.replay([row], allowed)[0]
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
    even = made.replay([row], allowed)[0]
    one = 0.5 * math.log(0.5 / 0.7) + 0.5 * math.log(0.5 / 0.3)
    assert abs(float(even.skip_penalty.detach()) - 3 * one) < 1e-12
    assert float(told.skip_penalty.detach()) >= 0


def test_skips_of_a_block_are_one_step_and_the_first_cell_ends_where_another_begins():
    assert steps(TINY) == [
        ((0,), False), ((1,), True), ((2,), False), ((3,), True), ((4,), False), ((5, 6, 7), True)
    ]  # fmt: skip
    assert first_cell(TINY) == {0, 1, 2}
    space = load("spaces", "cell")(load("spaces", "cell").Config())
    assert first_cell(space.decisions()) == {0, 1, 2, 3}

"""REINFORCE: a planted architecture is found, its arithmetic by hand, its state whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasengine.catalog import load
from nasengine.core.settings import from_mapping
from nasengine.estimators.one_shot.enas.controller import Controller
from nasengine.estimators.one_shot.enas.reinforce import Reinforce, adam
from nasengine.strategies.one_shot.enas.controller_config import ControllerConfig


def space_of(name, **settings):
    found = load("spaces", name)
    return found(from_mapping(found.Config, settings))


def learner(space, seed=0, rate=0.002, **settings):
    config = ControllerConfig(tanh=2.5, op_reduce=1.0)
    controller = Controller(space.decisions(), config, torch.Generator().manual_seed(seed))
    return controller, Reinforce(controller, adam(controller, rate), **settings)


def shares(samples, hidden):
    """How much of a hidden architecture each one has."""
    return [np.mean([a == b for a, b in zip(one.choices, hidden, strict=True)]) for one in samples]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("nb201", {}),
        ("enas-micro", {"nodes": 2}),
        ("enas-macro", {"layers": 4}),
        ("recurrent-cell", {"nodes": 4}),
    ],
)
def test_a_hidden_architecture_is_found(name, settings, seed):
    space = space_of(name, **settings)
    hidden = space.choices(space.sample(np.random.default_rng(seed)))
    controller, learning = learner(
        space, seed, baseline_decay=0.9, entropy_weight=0.01, skip_weight=0.1
    )
    generator = torch.Generator().manual_seed(seed)
    for _ in range(300):
        samples = controller.samples(20, generator, space.allowed)
        learning.step(samples, shares(samples, hidden))
        if controller.best(space.allowed) == hidden:
            break
    assert controller.best(space.allowed) == hidden


def test_a_step_by_hand():
    space = space_of("nb201")
    controller, learning = learner(space, baseline_decay=0.9, entropy_weight=0.5)
    generator = torch.Generator().manual_seed(0)
    baseline = None
    for rewards in ([0.5, 0.25], [1.0, 0.0, 0.125]):
        samples = controller.samples(len(rewards), generator, space.allowed)
        entropies = np.array([float(one.entropy.detach()) for one in samples])
        logs = np.array([float(one.log_prob.detach()) for one in samples])
        given = np.array(rewards) + 0.5 * entropies
        start = given.mean() if baseline is None else baseline
        baseline = 0.9 * start + 0.1 * given.mean()
        told = learning.step(samples, rewards)
        assert abs(told["baseline"] - baseline) < 1e-6
        assert abs(told["loss"] - (-(logs * (given - baseline)).mean())) < 1e-5
        assert abs(told["reward"] - np.mean(rewards)) < 1e-12
        assert abs(told["entropy"] - entropies.mean()) < 1e-5
        assert told["skip_penalty"] == 0.0


def test_a_clipped_step_is_no_longer_than_allowed():
    space = space_of("nb201")
    controller, learning = learner(space, clip=0.001)
    plain = torch.optim.SGD(controller.parameters(), lr=1.0)
    learning.optimiser = plain
    before = torch.cat([one.detach().flatten().clone() for one in controller.parameters()])
    samples = controller.samples(3, torch.Generator().manual_seed(0), space.allowed)
    learning.step(samples, [1.0, 0.0, 0.0])
    after = torch.cat([one.detach().flatten() for one in controller.parameters()])
    assert 0.0009 < float((after - before).norm()) < 0.00101


def test_a_saved_state_goes_on_to_the_bit():
    space = space_of("block-cell", blocks=2)
    hidden = space.choices(space.sample(np.random.default_rng(0)))

    def run(controller, learning, generator, count):
        told = []
        for _ in range(count):
            samples = controller.samples(4, generator, space.allowed)
            told.append(learning.step(samples, shares(samples, hidden)))
        return told

    controller, learning = learner(space)
    fresh = learning.state()
    assert set(fresh) == {f"controller.{name}" for name, _ in controller.named_parameters()}
    generator = torch.Generator().manual_seed(1)
    run(controller, learning, generator, 5)
    saved = {name: torch.from_numpy(one.numpy().copy()) for name, one in learning.state().items()}
    stand = generator.get_state()
    whole = run(controller, learning, generator, 5)
    other, resumed = learner(space, seed=9)
    resumed.load(saved)
    again = torch.Generator()
    again.set_state(stand)
    assert run(other, resumed, again, 5) == whole
    ends = (learning.state(), resumed.state())
    assert set(ends[0]) == set(ends[1])
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    resumed.load(fresh)
    assert resumed.baseline is None and set(resumed.state()) == set(fresh)

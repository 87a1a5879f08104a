"""REINFORCE: planted architectures, a step computed by hand, resuming."""

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
    cls = load("spaces", name)
    return cls(from_mapping(cls.Config, settings))


def learner(space, seed=0, rate=0.002, **settings):
    config = ControllerConfig(tanh=2.5, op_reduce=1.0)
    controller = Controller(space.decisions(), config, torch.Generator().manual_seed(seed))
    return controller, Reinforce(controller, adam(controller, rate), **settings)


def shares(samples, planted):
    """Return the share of choices that each sample has in common with a planted architecture."""
    return [
        np.mean([a == b for a, b in zip(sample.choices, planted, strict=True)])
        for sample in samples
    ]


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
def test_a_planted_architecture_is_found(name, settings, seed):
    space = space_of(name, **settings)
    planted = space.choices(space.sample(np.random.default_rng(seed)))
    controller, learning = learner(
        space, seed, baseline_decay=0.9, entropy_weight=0.01, skip_weight=0.1
    )
    generator = torch.Generator().manual_seed(seed)
    for step in range(300):
        samples = controller.samples(20, generator, space.allowed)
        learning.step(samples, shares(samples, planted))
        if step % 10 == 9 and controller.best(space.allowed) == planted:
            break
    assert controller.best(space.allowed) == planted


def test_a_step_equals_its_computation_by_hand():
    space = space_of("nb201")
    controller, learning = learner(space, baseline_decay=0.9, entropy_weight=0.5)
    generator = torch.Generator().manual_seed(0)
    baseline = None
    for rewards in ([0.5, 0.25], [1.0, 0.0, 0.125]):
        samples = controller.samples(len(rewards), generator, space.allowed)
        entropies = np.array([float(sample.entropy.detach()) for sample in samples])
        logs = np.array([float(sample.log_prob.detach()) for sample in samples])
        returns = np.array(rewards) + 0.5 * entropies
        start = returns.mean() if baseline is None else baseline
        baseline = 0.9 * start + 0.1 * returns.mean()
        metrics = learning.step(samples, rewards)
        assert abs(metrics["baseline"] - baseline) < 1e-6
        assert abs(metrics["loss"] - (-(logs * (returns - baseline)).mean())) < 1e-5
        assert abs(metrics["reward"] - np.mean(rewards)) < 1e-12
        assert abs(metrics["entropy"] - entropies.mean()) < 1e-5
        assert metrics["skip_penalty"] == 0.0


def test_clipping_limits_the_step():
    space = space_of("nb201")
    controller, learning = learner(space, clip=0.001)
    plain = torch.optim.SGD(controller.parameters(), lr=1.0)
    learning.optimizer = plain
    before = torch.cat([p.detach().flatten().clone() for p in controller.parameters()])
    samples = controller.samples(3, torch.Generator().manual_seed(0), space.allowed)
    learning.step(samples, [1.0, 0.0, 0.0])
    after = torch.cat([p.detach().flatten() for p in controller.parameters()])
    assert 0.0009 < float((after - before).norm()) < 0.00101


def test_a_saved_state_resumes_bitwise():
    space = space_of("block-cell", blocks=2)
    planted = space.choices(space.sample(np.random.default_rng(0)))

    def run(controller, learning, generator, count):
        metrics = []
        for _ in range(count):
            samples = controller.samples(4, generator, space.allowed)
            metrics.append(learning.step(samples, shares(samples, planted)))
        return metrics

    controller, learning = learner(space)
    fresh = learning.state()
    assert set(fresh) == {f"controller.{name}" for name, _ in controller.named_parameters()}
    generator = torch.Generator().manual_seed(1)
    run(controller, learning, generator, 5)
    saved = {name: torch.from_numpy(t.numpy().copy()) for name, t in learning.state().items()}
    position = generator.get_state()
    whole = run(controller, learning, generator, 5)
    other, resumed = learner(space, seed=9)
    resumed.load(saved)
    again = torch.Generator()
    again.set_state(position)
    assert run(other, resumed, again, 5) == whole
    ends = (learning.state(), resumed.state())
    assert set(ends[0]) == set(ends[1])
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    resumed.load(fresh)
    assert resumed.baseline is None and set(resumed.state()) == set(fresh)

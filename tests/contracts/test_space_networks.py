"""Contracts of the networks that spaces build: shapes, gradients, states, inherited weights."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.catalog import load
from nasengine.core.errors import EngineError
from tests.fixtures.spaces import (
    NETWORK_SPACES,
    inputs,
    logits_of,
    samples,
    shape_of,
    space_of,
    with_capability,
)

IMAGES = [name for name in NETWORK_SPACES if load("spaces", name).data_kind == "images"]
TEXTS = [name for name in NETWORK_SPACES if load("spaces", name).data_kind == "text"]
SHAPES = [(1, 8, 8), (3, 32, 32)]


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("auxiliary", [False, True])
def test_networks_train_and_evaluate(name, shape, auxiliary):
    import torch

    torch.manual_seed(0)
    space = space_of(name)
    for architecture in samples(space, 2, seed=11):
        network = space.build(architecture, shape, classes=7, auxiliary=auxiliary)
        assert network.drop_path == 0.0
        network.drop_path = 0.3
        images = torch.randn(3, *shape)
        outputs = network.train()(images)
        logits = list(outputs) if auxiliary else [outputs]
        assert [tuple(one.shape) for one in logits] == [(3, 7)] * (1 + auxiliary)
        sum(one.square().sum() for one in logits).backward()
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        assert gradients
        assert all(torch.isfinite(gradient).all() for gradient in gradients)
        network.eval()
        with torch.no_grad():
            first, second = network(images), network(images)
        assert first.shape == (3, 7)
        assert torch.equal(first, second)


@pytest.mark.parametrize("name", TEXTS)
def test_networks_read_words_and_carry_a_state(name):
    import torch

    torch.manual_seed(0)
    space = space_of(name)
    for architecture in samples(space, 2, seed=11):
        network = space.build(architecture, (1,), classes=7)
        assert network.drop_path == 0.0
        words = torch.randint(7, (3, 5))
        logits, state = network.train()(words)
        assert (logits.shape, state.shape[0]) == ((3, 5, 7), 3)
        again, _ = network(words, state.detach())
        (logits.square().sum() + again.square().sum()).backward()
        gradients = [p.grad for p in network.parameters()]
        assert all(torch.isfinite(gradient).all() for gradient in gradients)
        network.eval()
        with torch.no_grad():
            whole, end = network(words)
            first, state = network(words[:, :2])
            second, last = network(words[:, 2:], state)
        # A long text gives the same as its two parts with the state carried over.
        assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-6)
        assert torch.allclose(last, end, atol=1e-6)


@pytest.mark.parametrize("name", TEXTS)
def test_text_networks_refuse_an_auxiliary_head_and_images(name):
    space = space_of(name)
    architecture = samples(space, 1)[0]
    with pytest.raises(EngineError, match="no auxiliary head"):
        space.build(architecture, (1,), 7, auxiliary=True)
    with pytest.raises(EngineError, match="reads text"):
        space.build(architecture, (3, 8, 8), 7)


@pytest.mark.parametrize("name", with_capability("inherit"))
def test_a_child_equal_to_its_parent_inherits_everything_and_has_the_same_outputs(name):
    import torch

    space = space_of(name)
    parent = samples(space, 1, seed=12)[0]
    torch.manual_seed(1)
    trained = space.build(parent, shape_of(space), classes=5)
    for _ in range(2):
        trained(inputs(space, 4))  # running statistics move
    before = {key: tensor.clone() for key, tensor in trained.state_dict().items()}
    network = space.build(parent, shape_of(space), classes=5)
    copied = space.inherit(parent, network, parent, trained.state_dict())
    assert copied == sum(p.numel() for p in network.parameters())
    batch = inputs(space, 3)
    with torch.no_grad():
        outputs = [logits_of(one.eval()(batch)) for one in (network, trained)]
    assert torch.equal(*outputs)
    assert all(torch.equal(before[key], one) for key, one in trained.state_dict().items())


@pytest.mark.parametrize(
    "name", sorted(set(with_capability("inherit")) & set(with_capability("mutate")))
)
def test_a_mutant_inherits_at_most_its_own_parameters(name):
    import torch

    space, rng = space_of(name), np.random.default_rng(13)
    parent = space.sample(rng)
    child = space.mutate(parent, rng)
    torch.manual_seed(1)
    trained, network = (space.build(one, shape_of(space), classes=5) for one in (parent, child))
    copied = space.inherit(child, network, parent, trained.state_dict())
    assert 0 < copied <= sum(p.numel() for p in network.parameters())
    assert torch.isfinite(logits_of(network.eval()(inputs(space, 2)))).all()


@pytest.mark.parametrize("name", NETWORK_SPACES)
def test_initial_weights_follow_the_generator_of_torch(name):
    import torch

    space = space_of(name)
    architecture = samples(space, 1)[0]
    sums = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        network = space.build(architecture, shape_of(space), classes=2)
        sums.append(sum(float(p.detach().double().sum()) for p in network.parameters()))
    assert sums[0] == sums[1] != sums[2]

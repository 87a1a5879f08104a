"""Laws of every space in the catalogue."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasengine.catalog import load, names
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError, InvalidArchitecture

SPACES = names("spaces")
IMAGES = [name for name in SPACES if load("spaces", name).data_kind == "images"]
TEXTS = [name for name in SPACES if load("spaces", name).data_kind == "text"]
SHAPES = [(1, 8, 8), (3, 32, 32)]
FAMILIES = {
    "conv", "separable", "dilated", "group", "pool", "skip", "none", "concat", "activation"
}  # fmt: skip
PRINT_IDS = """
import sys, numpy as np
from nasengine.catalog import load
for name in sys.argv[1:]:
    space_class = load("spaces", name)
    space, rng = space_class(space_class.Config()), np.random.default_rng(7)
    one = space.sample(rng)
    print(one.id)
    if "mutate" in space.capabilities:
        print(space.mutate(one, rng).id)
    if "crossover" in space.capabilities:
        print(space.crossover(one, space.sample(rng), rng).id)
print("torch" in sys.modules)
"""


def space_of(name):
    space_class = load("spaces", name)
    return space_class(space_class.Config())


def offering(what):
    return [name for name in SPACES if what in load("spaces", name).capabilities]


def shape_of(space):
    """A small shape of one input."""
    return (1, 8, 8) if space.data_kind == "images" else (1,)


def inputs(space, count):
    """So many images, or texts of six words out of five."""
    import torch

    if space.data_kind == "images":
        return torch.randn(count, *shape_of(space))
    return torch.randint(5, (count, 6))


def logits_of(answer):
    """A network that reads text answers with its state too."""
    return answer[0] if isinstance(answer, tuple) else answer


def samples(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(count)]


@pytest.mark.parametrize("name", SPACES)
def test_samples_are_legal_varied_and_follow_the_generator(name):
    space = space_of(name)
    drawn = samples(space, 100)
    for architecture in drawn:
        space.validate(architecture)
    assert drawn == samples(space, 100)
    assert len(set(drawn)) > 90
    assert drawn[:20] != samples(space, 20, seed=1)


@pytest.mark.parametrize("name", SPACES)
def test_samples_survive_json(name):
    space = space_of(name)
    for architecture in samples(space, 20):
        again = Architecture.from_json(json.loads(architecture.canonical))
        assert again == architecture
        assert again.id == architecture.id
        space.validate(again)


def test_every_choice_is_the_same_in_another_process_without_torch():
    printed = []
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", PRINT_IDS, *SPACES],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(done.stdout.split())
    assert printed[0] == printed[1]
    assert printed[0][-1] == "False"
    assert printed[0][0] == samples(space_of(SPACES[0]), 1, seed=7)[0].id


@pytest.mark.parametrize("name", offering("mutate"))
def test_a_mutant_is_legal_and_never_its_parent(name):
    space, rng = space_of(name), np.random.default_rng(3)
    parent = space.sample(rng)
    for _ in range(200):
        before = parent.canonical
        child = space.mutate(parent, rng)
        space.validate(child)
        assert child != parent
        assert parent.canonical == before
        parent = child


@pytest.mark.parametrize("name", offering("crossover"))
def test_a_crossing_is_legal_and_of_equals_changes_nothing(name):
    space, rng = space_of(name), np.random.default_rng(4)
    children = set()
    for first, second in itertools.pairwise(samples(space, 40)):
        child = space.crossover(first, second, rng)
        space.validate(child)
        children.add(child not in (first, second))
        assert space.crossover(first, first, rng) == first
    assert True in children


@pytest.mark.parametrize("name", offering("encode"))
def test_different_architectures_have_different_encodings_of_one_length(name):
    space = space_of(name)
    drawn = set(samples(space, 300))
    if "neighbours" in space.capabilities:
        drawn |= set(space.neighbours(next(iter(drawn))))
    codes = [space.encode(architecture) for architecture in drawn]
    assert {code.shape for code in codes} == {(codes[0].size,)}
    assert np.isfinite(codes).all()
    assert len({tuple(code) for code in codes}) == len(drawn)


@pytest.mark.parametrize("name", offering("neighbours"))
def test_neighbours_are_legal_distinct_mutual_and_in_order(name):
    space = space_of(name)
    centre = samples(space, 1)[0]
    around = list(space.neighbours(centre))
    for architecture in around:
        space.validate(architecture)
    assert centre not in around
    assert len(set(around)) == len(around)
    assert around == list(space.neighbours(centre))
    assert all(centre in set(space.neighbours(other)) for other in around[::7])


@pytest.mark.parametrize("name", sorted(set(offering("neighbours")) & set(offering("mutate"))))
def test_mutation_reaches_exactly_the_neighbours(name):
    space, rng = space_of(name), np.random.default_rng(5)
    centre = space.sample(rng)
    reached = {space.mutate(centre, rng) for _ in range(3000)}
    assert reached == set(space.neighbours(centre))


@pytest.mark.parametrize("name", offering("decisions"))
def test_a_sequence_of_choices_and_an_architecture_are_the_same_thing(name):
    space = space_of(name)
    decisions = space.decisions()
    blocks = [decision.block for decision in decisions]
    assert blocks == sorted(blocks) and set(blocks) == set(range(blocks[-1] + 1))
    assert len({decision.name for decision in decisions}) == len(decisions)
    for architecture in samples(space, 40):
        choices = space.choices(architecture)
        assert len(choices) == len(decisions)
        assert space.from_choices(choices) == architecture
        for place, choice in enumerate(choices):
            assert choice in space.allowed(choices, place)
            assert choice in space.allowed(choices[:place], place)


@pytest.mark.parametrize("name", offering("decisions"))
def test_whatever_is_allowed_is_legal(name):
    space, rng = space_of(name), np.random.default_rng(6)
    reached = set()
    for _ in range(60):
        choices = []
        for place in range(len(space.decisions())):
            choices.append(int(rng.choice(space.allowed(choices, place))))
        architecture = space.from_choices(choices)
        space.validate(architecture)
        reached.add(architecture)
        place = int(rng.integers(len(choices)))
        for option in space.allowed(choices, place):
            space.validate(space.from_choices([*choices[:place], option, *choices[place + 1 :]]))
    assert len(reached) > 50


@pytest.mark.parametrize("name", offering("tokens"))
def test_different_architectures_are_different_words(name):
    space = space_of(name)
    drawn = set(samples(space, 200))
    texts = [space.tokens(architecture) for architecture in drawn]
    assert len(set(texts)) == len(drawn)
    assert all(0 <= word < space.vocabulary() for text in texts for word in text)


@pytest.mark.parametrize("name", offering("growth"))
def test_growth_is_legal_in_order_and_ends(name):
    space = space_of(name)
    stage = list(space.smallest())
    assert stage and stage == list(space.smallest())
    seen = set()
    for _ in range(100):
        for architecture in stage:
            space.validate(architecture)
        assert not seen & set(stage)
        seen |= set(stage)
        following = [child for parent in stage[::7] for child in space.grow(parent)]
        if not following:
            break
        assert following == [child for parent in stage[::7] for child in space.grow(parent)]
        stage = list(dict.fromkeys(following))[:60]
    assert not following


@pytest.mark.parametrize("name", offering("enumerate"))
def test_the_enumeration_has_each_architecture_once(name):
    space = space_of(name)
    everything = list(space.enumerate())
    assert len(set(everything)) == len(everything) == space.size()
    assert all(architecture in set(everything) for architecture in samples(space, 20))
    for architecture in everything[:: max(1, len(everything) // 50)]:
        space.validate(architecture)


@pytest.mark.parametrize("name", SPACES)
def test_a_drawing_is_well_formed(name):
    space = space_of(name)
    for architecture in samples(space, 20):
        check_graph(space.graph(architecture))
        text = space.text(architecture)
        assert text and "\n" not in text


def check_graph(graph):
    json.dumps(graph, allow_nan=False)
    assert set(graph) == {"cells"}
    assert graph["cells"]
    for cell in graph["cells"]:
        order = [node["id"] for node in cell["nodes"]]
        roles = [node["role"] for node in cell["nodes"]]
        assert len(set(order)) == len(order)
        assert set(roles) <= {"input", "node", "output"}
        assert "input" in roles
        assert roles.count("output") == 1
        for edge in cell["edges"]:
            assert set(edge) == {"source", "target", "op", "family", "kernel", "label"}
            assert order.index(edge["source"]) < order.index(edge["target"])
            assert edge["family"] in FAMILIES
            assert edge["kernel"] is None or edge["kernel"] > 0


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("auxiliary", [False, True])
def test_networks_run_both_ways(name, shape, auxiliary):
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
        # One long text equals its halves with the state carried over.
        assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-6)
        assert torch.allclose(last, end, atol=1e-6)


@pytest.mark.parametrize("name", TEXTS)
def test_what_reads_text_has_no_auxiliary_head_and_reads_no_images(name):
    space = space_of(name)
    architecture = samples(space, 1)[0]
    with pytest.raises(EngineError, match="no auxiliary head"):
        space.build(architecture, (1,), 7, auxiliary=True)
    with pytest.raises(EngineError, match="reads text"):
        space.build(architecture, (3, 8, 8), 7)


@pytest.mark.parametrize("name", offering("inherit"))
def test_a_child_like_its_parent_takes_everything_over_and_answers_alike(name):
    import torch

    space = space_of(name)
    parent = samples(space, 1, seed=12)[0]
    torch.manual_seed(1)
    trained = space.build(parent, shape_of(space), classes=5)
    for _ in range(2):
        trained(inputs(space, 4))  # running statistics move
    before = {key: tensor.clone() for key, tensor in trained.state_dict().items()}
    network = space.build(parent, shape_of(space), classes=5)
    taken = space.inherit(parent, network, parent, trained.state_dict())
    assert taken == sum(p.numel() for p in network.parameters())
    shown = inputs(space, 3)
    with torch.no_grad():
        answers = [logits_of(one.eval()(shown)) for one in (network, trained)]
    assert torch.equal(*answers)
    assert all(torch.equal(before[key], one) for key, one in trained.state_dict().items())


@pytest.mark.parametrize("name", sorted(set(offering("inherit")) & set(offering("mutate"))))
def test_a_mutant_takes_over_no_more_than_it_has(name):
    import torch

    space, rng = space_of(name), np.random.default_rng(13)
    parent = space.sample(rng)
    child = space.mutate(parent, rng)
    torch.manual_seed(1)
    trained, network = (space.build(one, shape_of(space), classes=5) for one in (parent, child))
    taken = space.inherit(child, network, parent, trained.state_dict())
    assert 0 < taken <= sum(p.numel() for p in network.parameters())
    assert torch.isfinite(logits_of(network.eval()(inputs(space, 2)))).all()


@pytest.mark.parametrize("name", SPACES)
def test_weights_follow_torchs_generator(name):
    import torch

    space = space_of(name)
    architecture = samples(space, 1)[0]
    sums = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        network = space.build(architecture, shape_of(space), classes=2)
        sums.append(sum(float(p.detach().double().sum()) for p in network.parameters()))
    assert sums[0] == sums[1] != sums[2]


# Integers of hundreds of digits, not-a-number, booleans where numbers belong, deep nests.
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([10**400, -(10**4000), 2**63]),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["sep_conv_3x3", "none", "normal", "nodes", "|none~0|", "+||+"]),
)
GARBAGE = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def refused_or_legal(space, architecture):
    """Either InvalidArchitecture with one short line, or an architecture that can be drawn."""
    try:
        space.validate(architecture)
    except InvalidArchitecture as error:
        assert 0 < len(str(error)) < 600
        assert "\n" not in str(error)
    else:
        check_graph(space.graph(architecture))


def broken(value, replacement, path):
    """A copy of a JSON value with the part that `path` leads to replaced."""
    if not path or not isinstance(value, (list, dict)) or not value:
        return replacement
    copied = list(value) if isinstance(value, list) else dict(value)
    keys = range(len(value)) if isinstance(value, list) else sorted(value)
    key = keys[path[0] % len(keys)]
    copied[key] = broken(value[key], replacement, path[1:])
    return copied


@pytest.mark.parametrize("name", SPACES)
@settings(deadline=None, max_examples=60)
@given(space_name=GARBAGE, config=GARBAGE, genome=GARBAGE)
def test_garbage_is_refused(name, space_name, config, genome):
    space = space_of(name)
    own = samples(space, 1)[0]
    for parts in (
        (space_name, own.config, own.genome),
        (own.space, config, own.genome),
        (own.space, own.config, genome),
    ):
        refused_or_legal(space, Architecture(*parts))


@pytest.mark.parametrize("name", SPACES)
@settings(deadline=None, max_examples=150)
@given(replacement=GARBAGE, path=st.lists(st.integers(0, 9), max_size=6))
def test_a_genome_with_one_broken_part_is_refused(name, replacement, path):
    space = space_of(name)
    own = samples(space, 1)[0]
    genome = broken(own.genome, replacement, path)
    refused_or_legal(space, Architecture(own.space, own.config, genome))


@pytest.mark.parametrize("name", SPACES)
def test_what_python_itself_cannot_print_is_refused(name):
    space = space_of(name)
    own = samples(space, 1)[0]
    deep = []
    for _ in range(20_000):
        deep = [deep]
    for value in (deep, 10**5000, {"normal": 10**5000}, [10**5000]):
        for parts in ((own.space, own.config, value), (own.space, value, own.genome)):
            with pytest.raises(InvalidArchitecture):
                space.validate(Architecture(*parts))
    setting = next(iter(own.config))
    config = {**own.config, setting: 10**5000}
    with pytest.raises(InvalidArchitecture):
        space.validate(Architecture(own.space, config, own.genome))


@pytest.mark.parametrize("name", SPACES)
def test_other_spaces_and_other_settings_are_refused_and_missing_ones_are_defaults(name):
    space = space_of(name)
    own = samples(space, 1)[0]
    setting = next(iter(own.config))
    less = {key: value for key, value in own.config.items() if key != setting}
    space.validate(Architecture(own.space, less, own.genome))
    space.validate(Architecture(own.space, {}, own.genome))
    for stranger in (
        Architecture("elsewhere", own.config, own.genome),
        Architecture(own.space, {**own.config, "colour": "red"}, own.genome),
        Architecture(own.space, {**own.config, setting: "other"}, own.genome),
    ):
        with pytest.raises(InvalidArchitecture):
            space.validate(stranger)

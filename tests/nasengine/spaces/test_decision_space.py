"""DecisionSpace: everything follows from the decisions, with and without constraints."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

import numpy as np
import pytest

from nasengine.core.architecture import Architecture
from nasengine.core.decision import Decision
from nasengine.core.errors import EngineError, InvalidArchitecture
from nasengine.core.settings import setting
from nasengine.spaces.common.decision_space import DecisionSpace
from tests.fixtures.spaces import check_graph


@dataclass(frozen=True)
class PerceptronConfig:
    """Settings of a small space for tests."""

    layers: int = setting(2, "Hidden layers.", low=1, high=4)


class PerceptronSpace(DecisionSpace):
    """The smallest subclass: decisions and a network."""

    name = "perceptron"
    Config = PerceptronConfig
    capabilities = DecisionSpace.capabilities | {"enumerate"}

    def decisions(self):
        return tuple(
            decision
            for layer in range(self.config.layers)
            for decision in (
                Decision(f"units {layer + 1}", ("8", "16", "32"), "size", layer),
                Decision(f"function {layer + 1}", ("relu", "tanh"), "op", layer),
            )
        )

    def build(self, architecture, input_shape, classes, auxiliary=False):
        raise NotImplementedError


class RisingSpace(PerceptronSpace):
    """Units never shrink from layer to layer; the genome is a list of rows."""

    def to_genome(self, choices):
        return [list(choices[i : i + 2]) for i in range(0, len(choices), 2)]

    def from_genome(self, genome):
        return [choice for units, function in genome for choice in (units, function)]

    def allowed(self, choices, index):
        options = super().allowed(choices, index)
        if index % 2:
            return options
        before = choices[index - 2] if index >= 2 else 0
        after = choices[index + 2] if index + 2 < len(choices) else len(options) - 1
        return tuple(option for option in options if before <= option <= after)


def space_of(kind=PerceptronSpace, layers=2):
    return kind(PerceptronConfig(layers=layers))


@pytest.fixture(params=[PerceptronSpace, RisingSpace])
def space(request):
    return space_of(request.param)


def test_a_genome_names_the_option_of_each_decision():
    space = space_of(layers=1)
    architecture = space.from_choices([2, 1])
    assert architecture.genome == {"units 1": "32", "function 1": "tanh"}
    assert space.text(architecture) == "units 1 32, function 1 tanh"
    assert space.encode(architecture).tolist() == [0, 0, 1, 0, 1]
    assert space.tokens(architecture) == (2, 4)
    assert space.vocabulary() == 5


def test_the_enumeration_counts_up_and_has_as_many_as_the_size():
    space = space_of()
    everything = [space.choices(architecture) for architecture in space.enumerate()]
    assert everything == list(itertools.product(range(3), range(2), range(3), range(2)))
    assert space.size() == 36


def test_constraints_leave_exactly_the_allowed_architectures():
    space = space_of(RisingSpace)
    everything = [space.choices(architecture) for architecture in space.enumerate()]
    product = itertools.product(range(3), range(2), range(3), range(2))
    assert everything == [choices for choices in product if choices[0] <= choices[2]]
    assert space.size() is None  # the product of the options would be too large


def test_samples_reach_every_architecture_and_only_these(space):
    rng = np.random.default_rng(0)
    reached = {space.sample(rng) for _ in range(2000)}
    assert reached == set(space.enumerate())


def test_samples_are_uniform_without_constraints():
    space, rng = space_of(), np.random.default_rng(1)
    choices = np.array([space.choices(space.sample(rng)) for _ in range(3000)])
    for index, decision in enumerate(space.decisions()):
        counts = np.bincount(choices[:, index], minlength=len(decision.options))
        assert np.abs(counts / 3000 - 1 / len(decision.options)).max() < 0.03


def test_neighbours_differ_in_one_choice_and_mutation_draws_one_of_them(space):
    rng = np.random.default_rng(2)
    for centre in [space.sample(rng) for _ in range(5)]:
        here = space.choices(centre)
        neighbours = list(space.neighbours(centre))
        expected = {
            other
            for other in space.enumerate()
            if sum(a != b for a, b in zip(here, space.choices(other), strict=True)) == 1
        }
        assert len(neighbours) == len(expected) and set(neighbours) == expected
        assert {space.mutate(centre, rng) for _ in range(300)} == expected


def test_a_child_takes_every_choice_from_a_parent_unless_a_constraint_forbids_both(space):
    rng = np.random.default_rng(3)
    constrained = isinstance(space, RisingSpace)
    for _ in range(200):
        first, second = space.sample(rng), space.sample(rng)
        child = space.crossover(first, second, rng)
        space.validate(child)
        triples = zip(*map(space.choices, (child, first, second)), strict=True)
        inherited = [choice in parents for choice, *parents in triples]
        assert all(inherited) or constrained
        assert space.crossover(first, first, rng) == first


def test_a_space_of_one_architecture_has_no_mutant():
    class Single(PerceptronSpace):
        def decisions(self):
            return (Decision("units", ("8",), "size", 0),)

    space = space_of(Single)
    with pytest.raises(EngineError, match="only this architecture"):
        space.mutate(space.sample(np.random.default_rng(0)), np.random.default_rng(0))


@pytest.mark.parametrize(
    "genome",
    [
        {},
        {"units 1": "8"},
        {"units 1": "8", "function 1": "relu", "extra": 1},
        {"units 1": 8, "function 1": "relu"},
        {"units 1": "9", "function 1": "relu"},
        {"units 1": ["8"], "function 1": "relu"},
        ["units 1", "function 1"],
        "units 1",
        7,
        None,
        float("nan"),
    ],
)
def test_a_genome_of_another_form_is_refused_with_an_example(genome):
    space = space_of(layers=1)
    architecture = Architecture(space.name, {"layers": 1}, genome)
    with pytest.raises(InvalidArchitecture, match="it must look like") as refused:
        space.validate(architecture)
    assert "'units 1': '8', 'function 1': 'relu'" in str(refused.value)


@pytest.mark.parametrize("genome", [[[True, 0]], [[0.0, 0]], [[0, 0], [0, 0]], [[0]], [[0, 9]]])
def test_a_genome_that_python_would_compare_as_equal_is_refused(genome):
    space = space_of(RisingSpace, layers=1)
    space.validate(Architecture(space.name, {"layers": 1}, [[0, 0]]))
    with pytest.raises(InvalidArchitecture):
        space.validate(Architecture(space.name, {"layers": 1}, genome))


def test_a_choice_that_a_constraint_forbids_is_refused_by_name():
    space = space_of(RisingSpace)
    with pytest.raises(InvalidArchitecture, match=r"units 1 is 32: .* must be one of 8, 16"):
        space.validate(Architecture(space.name, {"layers": 2}, [[2, 0], [1, 1]]))


def test_the_drawing_is_a_chain_with_one_edge_for_each_block(space):
    architecture = next(space.enumerate())
    graph = space.graph(architecture)
    check_graph(graph)
    labels = [edge["label"] for edge in graph["cells"][0]["edges"]]
    assert labels == ["units 1 8, function 1 relu", "units 2 8, function 2 relu", "head"]


def test_an_architecture_survives_json(space):
    architecture = space.sample(np.random.default_rng(4))
    again = Architecture.from_json(json.loads(architecture.canonical))
    space.validate(again)
    assert again == architecture

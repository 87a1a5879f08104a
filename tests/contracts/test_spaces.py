"""Contracts of every space in the catalogue: architectures, moves, decisions, drawings."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from nasengine.core.architecture import Architecture
from tests.fixtures.spaces import SPACES, check_graph, samples, space_of, with_capability

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


@pytest.mark.parametrize("name", with_capability("mutate"))
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


@pytest.mark.parametrize("name", with_capability("crossover"))
def test_a_crossover_is_legal_and_of_equal_parents_changes_nothing(name):
    space, rng = space_of(name), np.random.default_rng(4)
    children = set()
    for first, second in itertools.pairwise(samples(space, 40)):
        child = space.crossover(first, second, rng)
        space.validate(child)
        children.add(child not in (first, second))
        assert space.crossover(first, first, rng) == first
    assert True in children


@pytest.mark.parametrize("name", with_capability("encode"))
def test_different_architectures_have_different_encodings_of_one_length(name):
    space = space_of(name)
    drawn = set(samples(space, 300))
    if "neighbours" in space.capabilities:
        drawn |= set(space.neighbours(next(iter(drawn))))
    codes = [space.encode(architecture) for architecture in drawn]
    assert {code.shape for code in codes} == {(codes[0].size,)}
    assert np.isfinite(codes).all()
    assert len({tuple(code) for code in codes}) == len(drawn)


@pytest.mark.parametrize("name", with_capability("neighbours"))
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


@pytest.mark.parametrize(
    "name", sorted(set(with_capability("neighbours")) & set(with_capability("mutate")))
)
def test_mutation_reaches_exactly_the_neighbours(name):
    space, rng = space_of(name), np.random.default_rng(5)
    centre = space.sample(rng)
    reached = {space.mutate(centre, rng) for _ in range(3000)}
    assert reached == set(space.neighbours(centre))


@pytest.mark.parametrize("name", with_capability("decisions"))
def test_choices_and_architecture_determine_each_other(name):
    space = space_of(name)
    decisions = space.decisions()
    blocks = [decision.block for decision in decisions]
    assert blocks == sorted(blocks) and set(blocks) == set(range(blocks[-1] + 1))
    assert len({decision.name for decision in decisions}) == len(decisions)
    for architecture in samples(space, 40):
        choices = space.choices(architecture)
        assert len(choices) == len(decisions)
        assert space.from_choices(choices) == architecture
        for index, choice in enumerate(choices):
            assert choice in space.allowed(choices, index)
            assert choice in space.allowed(choices[:index], index)


@pytest.mark.parametrize("name", with_capability("decisions"))
def test_every_allowed_choice_is_legal(name):
    space, rng = space_of(name), np.random.default_rng(6)
    reached = set()
    for _ in range(60):
        choices = []
        for index in range(len(space.decisions())):
            choices.append(int(rng.choice(space.allowed(choices, index))))
        architecture = space.from_choices(choices)
        space.validate(architecture)
        reached.add(architecture)
        index = int(rng.integers(len(choices)))
        for option in space.allowed(choices, index):
            space.validate(space.from_choices([*choices[:index], option, *choices[index + 1 :]]))
    assert len(reached) > 50


@pytest.mark.parametrize("name", with_capability("tokens"))
def test_different_architectures_have_different_tokens(name):
    space = space_of(name)
    drawn = set(samples(space, 200))
    tokens = [space.tokens(architecture) for architecture in drawn]
    assert len(set(tokens)) == len(drawn)
    assert all(0 <= token < space.vocabulary() for row in tokens for token in row)


@pytest.mark.parametrize("name", with_capability("growth"))
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


@pytest.mark.parametrize("name", with_capability("enumerate"))
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

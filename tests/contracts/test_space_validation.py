"""Contracts of `validate`: garbage, foreign architectures and broken genomes are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nasengine.core.architecture import Architecture, canonical_json
from nasengine.core.errors import InvalidArchitecture
from nasengine.core.settings import to_mapping
from tests.fixtures.spaces import SPACES, check_graph, samples, space_of

# Integers of hundreds of digits, NaN, booleans in place of numbers, nested lists and objects.
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
    """Assert that an architecture is refused in one short line, or can be used like any other."""
    try:
        space.validate(architecture)
    except InvalidArchitecture as error:
        assert_short(error)
        return
    check_graph(space.graph(architecture))
    if "encode" in space.capabilities:
        assert np.isfinite(space.encode(architecture)).all()
    if "decisions" in space.capabilities:
        try:
            choices = space.choices(architecture)
        except InvalidArchitecture as error:  # a legal cell that decisions cannot describe
            assert "cannot be written as decisions" in str(error)
        else:
            assert space.from_choices(choices) == architecture


def assert_refused(space, architecture):
    with pytest.raises(InvalidArchitecture) as refused:
        space.validate(architecture)
    assert_short(refused.value)


def assert_short(error):
    assert 0 < len(str(error)) < 600
    assert "\n" not in str(error)


def written(value):
    """Return the canonical text, which tells 1 from 1.0 and true; None if there is none."""
    try:
        return canonical_json(value)
    except (TypeError, ValueError, RecursionError):
        return None


def broken(value, replacement, path):
    """Return a copy of a JSON value with the part at `path` replaced."""
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
    assume(space_name != name)
    assert_refused(space, Architecture(space_name, own.config, own.genome))
    assert_refused(space, Architecture(own.space, own.config, genome))
    changed = Architecture(own.space, config, own.genome)
    defaults = to_mapping(type(space).Config())
    if isinstance(config, dict) and all(
        key in defaults and written(value) == written(defaults[key])
        for key, value in config.items()
    ):
        space.validate(changed)  # settings that are left out have their defaults
    else:
        assert_refused(space, changed)


@pytest.mark.parametrize("name", SPACES)
@settings(deadline=None, max_examples=150)
@given(replacement=GARBAGE, path=st.lists(st.integers(0, 9), max_size=6))
def test_a_genome_with_one_broken_part_is_refused(name, replacement, path):
    space = space_of(name)
    own = samples(space, 1)[0]
    genome = broken(own.genome, replacement, path)
    refused_or_legal(space, Architecture(own.space, own.config, genome))


@pytest.mark.parametrize("name", SPACES)
def test_values_that_python_cannot_print_are_refused(name):
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
def test_other_spaces_and_settings_are_refused_and_missing_settings_are_defaults(name):
    space = space_of(name)
    own = samples(space, 1)[0]
    setting = next(iter(own.config))
    less = {key: value for key, value in own.config.items() if key != setting}
    space.validate(Architecture(own.space, less, own.genome))
    space.validate(Architecture(own.space, {}, own.genome))
    for foreign in (
        Architecture("elsewhere", own.config, own.genome),
        Architecture(own.space, {**own.config, "colour": "red"}, own.genome),
        Architecture(own.space, {**own.config, setting: "other"}, own.genome),
    ):
        with pytest.raises(InvalidArchitecture):
            space.validate(foreign)

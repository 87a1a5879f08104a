"""Space `decision-list`: notation, templates, lists in place of drawings, no networks."""

from __future__ import annotations

import pytest

import nasengine
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError, InvalidArchitecture, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.execution.assembly import check
from nasengine.execution.choices import objections_to_choices
from nasengine.execution.difference import difference
from nasengine.spaces.decision_list.notation import (
    format_decision,
    format_template,
    parse_decision,
    parse_template,
)
from nasengine.spaces.decision_list.space import DecisionListSpace

HOSTILE = ("a,b", "x|y", "k=v", "100%", "*", " ", "%2C", "__proto__", "ü", "<b>")
NETS = {"decisions": ("depth=1|2|10", "act=gelu|relu"), "template": "net-*-*"}


def space(**settings) -> DecisionListSpace:
    return DecisionListSpace(from_mapping(DecisionListSpace.Config, settings))


def refused(**settings) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as error:
        space(**settings)
    return error.value.errors


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_survives_the_notation_and_a_form_that_splits_at_commas(name):
    text = format_decision(name, HOSTILE)
    assert parse_decision(text) == (name, HOSTILE)
    one = space(decisions=f"{text}, other=1|2")
    assert [decision.name for decision in one.decisions()] == [name, "other"]
    assert parse_template(format_template((name, "", name))) == (name, "", name)


def test_a_text_has_the_form_of_the_template():
    one = space(**NETS)
    texts = {one.text(one.from_choices((a, b))) for a in range(3) for b in range(2)}
    assert texts == {f"net-{a}-{b}" for a in (1, 2, 10) for b in ("gelu", "relu")}
    for text in texts:
        assert one.text(one.parse(text)) == text
    for text in ("net-3-gelu", "net-1-", "net-1-gelu ", "", "net-10", "x" * 100_000):
        with pytest.raises(InvalidArchitecture, match="must look like 'net-"):
            one.parse(text)
    assert [decision.kind for decision in one.decisions()] == ["size", "op"]
    with pytest.raises(InvalidArchitecture, match="template is empty"):
        space().parse("depth 1")


@pytest.mark.parametrize(
    ("settings", "field", "message"),
    [
        ({"decisions": ()}, "decisions", "must be 1 to 64 decisions (got 0)"),
        ({"decisions": ("a",)}, "decisions", "'a' is not a decision: write NAME=OPTION|OPTION"),
        ({"decisions": ("a=1",)}, "decisions", "'a' must have 2 to 128 options (got 1)"),
        ({"decisions": ("a=1|1",)}, "decisions", "'a' has an option twice"),
        ({"decisions": ("a=1|2", "a=3|4")}, "decisions", "'a' names two decisions"),
        ({"decisions": ("a=1|",)}, "decisions", "must have 1 to 100 printable characters"),
        ({"decisions": ("a=1|100%",)}, "decisions", "write %25 for it"),
        (
            {"decisions": tuple(f"d{i}=1|2" for i in range(65))},
            "decisions",
            "must be 1 to 64 decisions (got 65)",
        ),
        (
            {"decisions": tuple(f"d{i}={'|'.join(map(str, range(100)))}" for i in range(40))},
            "decisions",
            "must have at most 8,000 characters together",
        ),
        (NETS | {"template": "*"}, "template", "must have one * for each of the 2 decisions"),
        (NETS | {"template": "**"}, "template", "unless all options are equally long"),
    ],
)
def test_wrong_settings_name_value_and_rule(settings, field, message):
    assert message in refused(**settings)[field]


def test_the_size_is_exact_and_a_list_takes_the_place_of_the_drawing():
    one = space(**NETS)
    assert one.size() == len({a.id for a in one.enumerate()}) == 6
    assert one.graph(one.parse("net-10-relu")) == {
        "cells": [],
        "decisions": [{"name": "depth", "option": "10"}, {"name": "act", "option": "relu"}],
    }


def test_a_difference_names_the_decisions():
    one = space(**NETS)
    found = difference(one.parse("net-1-gelu"), one.parse("net-10-gelu"))
    assert found.sentence == "1 of 2 decisions differs: depth 10 instead of 1."
    assert [(d["option"], d["change"]) for d in found.graph["decisions"]] == [
        ("1", "removed"),
        ("10", "added"),
        ("gelu", "kept"),
    ]
    same = difference(one.parse("net-1-gelu"), one.parse("net-1-gelu"))
    assert same.sentence == "No decision differs."


def test_whatever_needs_a_network_is_refused_with_the_remedy():
    architecture = space(**NETS).parse("net-1-gelu")
    remedy = "search it with the estimator table, or choose another space"
    with pytest.raises(EngineError, match=remedy):
        nasengine.build(architecture, (1, 8, 8), 10)
    with pytest.raises(EngineError, match=remedy):
        nasengine.evaluate(architecture, protocol="quick", dataset="digits", seeds=(0,))
    with pytest.raises(EngineError, match=remedy):
        space().build(architecture, (1, 8, 8), 10)
    for estimator in ("train", "inherit", "shared"):
        with pytest.raises(InvalidSettings) as error:
            check(SearchSpec(space="decision-list", strategy="random", estimator=estimator))
        assert error.value.errors["estimator"].startswith(f"{estimator} needs networks, but an")
    reasons = objections_to_choices(SearchSpec(space="decision-list"))
    assert set(reasons["estimator"]) == {"train", "inherit", "shared"}
    assert set(reasons["strategy"]) == {"darts", "enas", "random-sharing"}
    assert not objections_to_choices(SearchSpec(space="cell"))["estimator"]


@pytest.mark.parametrize(
    "genome",
    [{"depth": "3", "act": "gelu"}, {"depth": 1, "act": "gelu"}, {"depth": "1"}, [], None],
)
def test_an_option_that_no_column_has_is_refused(genome):
    one = space(**NETS)
    config = {**NETS, "decisions": list(NETS["decisions"])}
    with pytest.raises(InvalidArchitecture, match="must look like"):
        one.validate(Architecture("decision-list", config, genome))

"""A table whose architectures no built-in space reads defines a space, and is searched."""

from __future__ import annotations

import io
import itertools
import json

import pytest

from nasengine.catalog import load, names
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.estimators.tables.canonical import canonical_table
from nasengine.estimators.tables.derived_space import (
    derived_from_file,
    derived_space,
    space_that_reads,
)
from nasengine.estimators.tables.keys import JOINT
from nasengine.estimators.tables.space_matching import settings_mismatches
from nasengine.execution.search import run_search
from nasengine.spaces.decision_list.space import DecisionListSpace

SEARCHING = [
    name
    for name in names("strategies")
    if load("strategies", name).requires <= DecisionListSpace.capabilities
]


def space_of(found) -> DecisionListSpace:
    return DecisionListSpace(from_mapping(DecisionListSpace.Config, found.config))


def texts_of(*texts: str):
    return derived_space(("net",), [[text] for text in texts])


def test_columns_become_decisions_with_their_values():
    rows = [["10", "relu", "x"], ["2", "gelu", "x"], ["1", "relu", "x"], ["nan", "tanh", "x"]]
    found = derived_space(("depth", "act", "fixed"), rows)
    assert found.config == {"decisions": ["depth=1|2|10", "act=gelu|relu"], "template": ""}
    assert (found.columns, found.constant) == (("depth", "act"), ("fixed",))


@pytest.mark.parametrize(
    ("texts", "decisions", "template"),
    [
        (("0101", "1100", "0110", "1111", "0000", "1010", "0011", "1001", "0001"), 4, "****"),
        (("3-5-7", "3-3-7", "5-5-3"), 3, "*-*-*"),
        (("16", "32", "64"), 1, "*"),
        (("relu", "gelu", "silu"), 1, "*"),
        (tuple(f"|{a}~0|{b}~1|" for a in ("conv", "pool", "none") for b in "xyz"), 2, None),
    ],
)
def test_texts_of_one_form_are_taken_apart(texts, decisions, template):
    found = texts_of(*texts)
    space = space_of(found)
    assert len(space.decisions()) == decisions
    assert template in (None, found.config["template"])
    assert all(space.text(space.parse(text)) == text for text in texts)


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (("a", "b"), [["1", "2"]] * 3, "one value each in all rows, so there is nothing to choose"),
        (("a",), [["x"]] * 2, "'a' has the value 'x' in all rows"),
        (("a", "b"), [["nan", "1"], ["", "2"]], "no row has a value in a, b"),
        (
            ("a", "b"),
            [[str(number), "2"] for number in range(100_000)],
            "'a' has 100,000 different values, and a decision at most 128 options",
        ),
        (("a", "b"), [["x" * 100_000, "1"], ["y", "2"]], "must have 1 to 100 printable"),
        (("a", "b"), [["1", "x"], ["1.0", "y"]], "one number as 1 and as 1.0: write it in one way"),
        (("a",), [["0" * 64], ["1" * 64]], "holds ids or JSON of architectures"),
        (("a",), [[f"{'x' * (i % 7)}{i}"] for i in range(200)], "texts of different forms"),
        (tuple(map(str, range(65))), [], "names 65 columns: at most 64 can be decisions"),
    ],
)
def test_a_table_that_defines_no_space_is_refused_with_column_and_reason(columns, rows, message):
    with pytest.raises(EngineError) as error:
        derived_space(columns, rows)
    assert message in str(error.value)
    assert len(str(error.value)) < 500


def test_rows_of_a_built_in_space_are_recognised():
    none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    assert space_that_reads([none], 1) == "nb201"
    assert space_that_reads([JOINT.join(["none"] * 6)], 6) == "nb201"
    assert space_that_reads(["a" * 64], 1) == "the space of the ids"
    assert space_that_reads([json.dumps({"space": "cell"})], 1) == "cell"
    assert space_that_reads(["0101", "3-5-7"], 1) == ""
    assert space_that_reads([JOINT.join(["a", "b"])], 2) == ""


def test_a_search_may_leave_out_options_but_change_nothing_else():
    measured = {"decisions": ["a=1|2|3", "b=x|y"], "template": ""}

    def errors(**changed):
        config = from_mapping(DecisionListSpace.Config, {**measured, **changed})
        return settings_mismatches(DecisionListSpace(config), measured, "mine")

    assert errors() == errors(decisions=["a=1|3", "b=x|y"]) == {}
    wrong = errors(decisions=["a=1|4", "b=x|y"])["space_config.decisions"]
    assert wrong.startswith("a has the option 4, which the table mine lacks: choose from 1, 2, 3")
    assert "in its order: a, b" in errors(decisions=["b=x|y", "a=1|2"])["space_config.decisions"]
    assert "space_config.template" in errors(template="*-*")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of 45 of 48 architectures; the columns are named like settings of a search."""
    path = tmp_path_factory.mktemp("tables") / "own.csv"
    rows = itertools.product((1, 2, 3, 10), (16, 32, 64), ("relu", "gelu"), ("no", "yes"))
    lines = [
        f"{seed},{space},{act},{skip},{abs(seed - 3) * 3 + 64 / space + (act == 'gelu'):.2f},{seed}"
        for seed, space, act, skip in rows
    ]
    path.write_text("\n".join(["seed,space,config,shared,error,ms", *lines[3:]]) + "\n")
    return path


@pytest.mark.parametrize("strategy", SEARCHING)
def test_every_strategy_that_needs_decisions_searches_it(table, strategy):
    keys = ("seed", "space", "config", "shared")
    result = run_search(
        SearchSpec(
            space="decision-list",
            space_config=derived_from_file(str(table), keys).config,
            strategy=strategy,
            strategy_config={"warm_up": 4, "sampled": 8} if strategy == "bayesian" else {},
            estimator="table",
            estimator_config={
                "path": str(table),
                "columns": ["error=error:x:%", "latency@dev=ms::ms"],
                "architecture": ",".join(keys),
            },
            dataset="own",
            objectives=("error", "latency@dev"),
            candidates=14,
        ),
        progress=False,
    )
    states = {candidate.state for candidate in result.candidates}
    assert "done" in states and states <= {"done", "failed"}
    for candidate in result.candidates:
        missing = candidate.state == "failed"
        left_out = ("config relu", "config gelu, shared no")
        assert missing == any(f"seed 1, space 16, {end}" in candidate.text for end in left_out)
        assert ("has no row for" in candidate.reason) == missing
    assert result.best is not None and len(result.candidates) >= 14


def test_the_strategies_are_those_that_need_no_supernet():
    assert set(names("strategies")) - set(SEARCHING) == {"darts", "enas", "random-sharing"}


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1, "b": "x", "c": null}, {"a": 2.50, "b": true, "c": NaN}]',
        '{"a": 1, "b": "x", "c": null}\n{"a": 2.50, "b": true}\n',
    ],
)
def test_a_json_table_is_the_same_as_its_csv(text):
    found = canonical_table(io.BytesIO(text.encode()), "mine", 10_000)
    assert found.text == b"a,b,c\n1,x,\n2.50,true,\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[1, 2]]", "as row 1: write each row as an object"),
        ('[{"a": [1], "b": 2}]', "a list or object in column 'a' of row 1"),
        ('[{"a": 1, "b": 2}, 3]', "has '3' as row 2: write each row as an object"),
        ('[{"a": 1, "b": 2}', "is no JSON table"),
        ("[" * 9_000, "is no JSON table"),
        ('{"a": 1, "b": "' + "x" * 20_000 + '"}', "more than 0 MB"),
        ('[{"a\\ud800": 1, "b\\n": 2}]', "rename it"),
    ],
)
def test_json_that_is_no_table_is_refused(text, message):
    with pytest.raises(EngineError) as error:
        canonical_table(io.BytesIO(text.encode()), "mine", 10_000)
    assert message in str(error.value)

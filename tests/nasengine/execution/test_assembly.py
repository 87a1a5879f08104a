"""Assembly: everything that is wrong is named at once, what is right comes back whole."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from tests.fixtures.toy import install

PLAIN = SearchSpec(space="nb201", strategy="random", objectives=("error", "params"))


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    install(monkeypatch)


def errors_of(**changed):
    with pytest.raises(InvalidSettings) as caught:
        assembly.check(dataclasses.replace(PLAIN, **changed))
    errors = caught.value.errors
    assert all(text and "\n" not in text for text in errors.values())
    return errors


def test_a_checked_question_is_written_out_and_stays_so():
    asked = dataclasses.replace(
        PLAIN,
        strategy="regularised-evolution",
        candidates="50",
        seed=str(2**63 - 1),
        objectives=[" error", "latency@cpu "],
        constraints=[" latency@cpu < 5 "],
        strategy_config={"population": "12"},
        estimator_config={"epochs": "2", "flip": "on"},
    )
    checked = assembly.check(asked)
    assert (checked.candidates, checked.seed) == (50, 2**63 - 1)
    assert checked.objectives == ("error", "latency@cpu")
    assert checked.constraints == ("latency@cpu < 5",)
    assert checked.strategy_config["population"] == 12
    assert checked.strategy_config["sample"] == 5
    assert (checked.estimator_config["epochs"], checked.estimator_config["flip"]) == (2, True)
    assert checked.space_config == {"cells": 5, "channels": 16}
    assert assembly.check(checked) == checked
    assert SearchSpec.from_json(json.loads(json.dumps(checked.to_json()))) == checked


def test_everything_wrong_is_named_at_once():
    errors = errors_of(
        space="nowhere",
        strategy="regularised-evolution",
        strategy_config={"population": 0, "colour": "red"},
        estimator_config={"epochs": "many"},
        dataset_config={"limit": 1},
        objectives=("error", "error", "latency", "params@cpu", "latency@raspi4", "taste"),
        constraints=("params", "macs<5", "error<nan"),
        candidates=0,
        seed=-1,
        in_flight=65,
    )
    assert errors.keys() == {
        "space",
        "strategy_config.population",
        "strategy_config.colour",
        "estimator_config.epochs",
        "dataset_config.limit",
        "objectives",
        "constraints",
        "candidates",
        "seed",
        "in_flight",
    }
    for part in (
        "'error' is named twice",
        "latency needs a device",
        "'params@cpu' names a device",
        "latency@raspi4 exists only in benchmark tables",
        "'taste' is not among the objectives",
    ):
        assert part in errors["objectives"]
    for part in (
        "'params' is not a constraint",
        "'macs<5' bounds 'macs', which is not measured",
        "finite",
    ):
        assert part in errors["constraints"]


@pytest.mark.parametrize("part", ["space", "strategy", "estimator", "dataset"])
@pytest.mark.parametrize("name", ["nowhere", "", None, 7, ["cell"], "x" * 10_000])
def test_unknown_names_are_refused_beside_their_part(part, name):
    errors = errors_of(**{part: name})
    assert part in errors
    assert "known: " in errors[part]
    assert len(errors[part]) < 300


@pytest.mark.parametrize("part", ["space", "strategy", "estimator", "dataset"])
@pytest.mark.parametrize("config", [None, [], "population=3", 5])
def test_settings_that_are_no_object_are_refused(part, config):
    assert errors_of(**{f"{part}_config": config}).keys() == {f"{part}_config"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("candidates", 100_001),
        ("candidates", 1.5),
        ("candidates", True),
        ("candidates", None),
        ("candidates", 10**400),
        ("seed", 2**63),
        ("seed", "x"),
        ("in_flight", 0),
        ("deterministic", "perhaps"),
    ],
)
def test_numbers_out_of_range_are_refused(name, value):
    assert errors_of(**{name: value}).keys() == {name}


@pytest.mark.parametrize("objectives", [(), "error", None, (7,), ("error",) * 7, ("",), ("a b",)])
def test_objectives_of_another_form_are_refused(objectives):
    assert "objectives" in errors_of(objectives=objectives)


@pytest.mark.parametrize("constraints", ["error<5", None, (7,), ("error<5",) * 21, ("<5",)])
def test_constraints_of_another_form_are_refused(constraints):
    assert errors_of(constraints=constraints).keys() == {"constraints"}


def test_a_strategy_that_needs_more_than_the_space_offers_is_refused():
    errors = errors_of(space="mute", strategy="regularised-evolution")
    assert errors == {
        "strategy": "regularised-evolution requires mutate, which the space mute does not have: "
        "choose another strategy or space"
    }
    assert assembly.check(dataclasses.replace(PLAIN, space="mute")).space == "mute"


def test_a_strategy_may_refuse_its_own_settings_for_this_space():
    errors = errors_of(
        space="toy", strategy="regularised-evolution", strategy_config={"crossover": 0.5}
    )
    assert errors.keys() == {"strategy_config.crossover"}


def test_a_data_set_of_files_needs_a_path_that_may_be_read(monkeypatch, tmp_path):
    assert errors_of(dataset="cifar10").keys() == {"dataset_config.path"}
    elsewhere = {"path": str(tmp_path / "absent")}
    assembly.check(dataclasses.replace(PLAIN, dataset="cifar10", dataset_config=elsewhere))
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", str(tmp_path / "allowed"))
    errors = errors_of(dataset="cifar10", dataset_config=elsewhere)
    assert "outside of the folders" in errors["dataset_config.path"]


def test_a_space_that_reads_something_else_is_refused_beside_the_data_set():
    errors = errors_of(dataset="pydoc-text")
    assert errors.keys() == {"dataset"}
    assert errors["dataset"] == (
        "pydoc-text holds text, but the space nb201 reads images: choose one of digits, "
        "fashion-mnist, cifar10, cifar100, images, image-folder, or another space"
    )


def test_an_objective_without_meaning_for_the_data_is_refused():
    errors = errors_of(objectives=("error", "perplexity"))
    assert errors == {
        "objectives": "perplexity has no meaning for images, which digits holds: leave it out"
    }


def test_a_table_that_is_not_there_is_said_once():
    errors = errors_of(estimator="table", estimator_config={"path": "/nowhere.csv"})
    assert errors.keys() == {"estimator_config.path"}
    assert errors_of(estimator="table").keys() == {"estimator_config.path"}


def test_goals_have_direction_unit_and_device():
    goals = assembly.goals_of(dataclasses.replace(PLAIN, objectives=("error", "latency@cpu")))
    assert [(g.name, g.kind, g.device, g.better, g.unit) for g in goals] == [
        ("error", "error", None, "lower", "%"),
        ("latency@cpu", "latency", "cpu", "lower", "ms"),
    ]


def test_parts_are_made_with_their_settings():
    asked = dataclasses.replace(
        PLAIN,
        seed=5,
        candidates=9,
        space_config={"cells": 2},
        constraints=("params<2e6",),
        strategy_config={"tries": 3},
        estimator_config={"epochs": 2},
    )
    strategy = assembly.make_strategy(asked)
    assert (strategy.name, strategy.config.tries) == ("random", 3)
    assert (strategy.task.seed, strategy.task.candidates) == (5, 9)
    assert strategy.task.space.config.cells == 2
    assert strategy.task.constraints[0].bound == 2e6
    assert assembly.make_estimator(asked).config.epochs == 2


def test_checking_loads_no_torch():
    code = (
        "import sys; from nasengine.execution import assembly\n"
        "from nasengine.core.search_spec import SearchSpec\n"
        "import nasengine.pareto\n"
        "assembly.check(SearchSpec(objectives=('error', 'params', 'macs', 'latency@cpu')))\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

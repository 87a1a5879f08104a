"""The launch form as YAML: every preset comes back unchanged, faults name line and field."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.runs.forms import LaunchForm, raw_of
from webapp.runs.presets import PRESETS, changes_of
from webapp.runs.setting_text import (
    WrongText,
    faults_by_line,
    read_yaml,
    unknown_settings,
    yaml_of,
)
from webapp.studies.forms import StudyForm
from webapp.studies.presets import PRESETS as STUDY_PRESETS
from webapp.studies.presets import raw_of_preset
from webapp.studies.setting_text import OF_STUDY, study_yaml

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
NUMBER = st.one_of(
    st.integers(), st.floats().map(str), TEXT, st.sampled_from(["no", "1e3", "~", "0x1F", "1_000"])
)
NAME = TEXT.map(str.strip).filter(lambda text: text and not set(text) & set(",;\n"))


def round_trip(raw):
    form = LaunchForm(raw)
    back = LaunchForm(read_yaml(yaml_of(form)).raw)
    return form, back


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_comes_back_unchanged(key):
    preset = PRESETS[key]
    form, back = round_trip(raw_of(preset.spec, preset.run_name))
    assert form.typed_spec() == back.typed_spec() is not None or preset.spec.get("dataset_config")
    assert form.title == back.title == preset.run_name
    assert form.raw.keys() - {"name"} or key == "random"
    assert len(changes_of(preset)) >= len(preset.spec) - 3


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    key=st.sampled_from(list(PRESETS)),
    name=TEXT,
    constraints=TEXT,
    number=NUMBER,
    objectives=st.lists(NAME, max_size=3),
)
def test_whatever_was_typed_comes_back(key, name, constraints, number, objectives):
    typed = {"constraints": constraints, "candidates": str(number), "objectives": objectives}
    more = {"estimator_config.epochs": str(number)}
    raw = {**raw_of(PRESETS[key].spec, name), **typed, **more, "estimator": "train"}
    form, back = round_trip(raw)
    assert back.title == name
    assert back.chosen == list(dict.fromkeys(objectives))
    assert back._typed() == form._typed()
    assert back.budget.typed["candidates"] == form.budget.typed["candidates"] == [str(number)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nsead: 3", "line 2: 'sead' is no setting"),
        ("name: a\n\nspace: cell\nspace: nb201", "line 4: 'space' is set in line 3 already"),
        ("name: [a\n", "line 2: "),
        ("- a", "line 1: settings have the form"),
        ("just text", "line 1: settings have the form"),
        ("", "line 1: settings have the form"),
        ("space_config: 3", "line 1: space_config takes indented lines"),
        ("space_config:\n  cells: {a: 1}", "line 2: space_config.cells takes one value"),
        ("a: &x [1]\nb: *x", "line 1: anchors"),
        ("name: !!python/object:os.system x", "line 1: tags such as"),
        ("? [a]\n: b", "line 1: the name of a setting"),
        ("a: [[[[[[1]]]]]]", "line 1: settings are nested"),
        ("a" * 100_001, "line 1: the text has 100,001 characters"),
        ("objectives: [" + "a, " * 300 + "a]", "line 1: objectives has 301 members"),
        ("name: \0", "line 1: "),
    ],
)
def test_faults_name_their_line(text, message):
    with pytest.raises(WrongText) as fault:
        read_yaml(text)
    assert str(fault.value).startswith(message)


def test_wrong_values_name_line_and_field(db, team):
    text = "name: a\nspace: nb201\nspace_config:\n  cells: none\n  depth: 3\ncandidates: -1\n"
    read = read_yaml(text)
    form = LaunchForm(read.raw, team)
    assert [str(one)[:36] for one in unknown_settings(form, read)] == [
        "line 5: nb201 has no setting 'depth'"
    ]
    assert form.check() is None
    faults = faults_by_line(form, read)
    assert [fault.split(" must")[0] for fault in faults] == [
        "line 4: space_config.cells:",
        "line 6: candidates:",
    ]


def test_defaults_are_left_out_and_json_is_yaml():
    text = yaml_of(LaunchForm(raw_of({"space_config": {"cells": 3}}, "a")))
    assert "space_config:\n  cells: 3\n" in text
    assert "strategy_config" not in text
    assert read_yaml('{"name": "a", "candidates": 7}').raw == {"name": "a", "candidates": "7"}


@pytest.mark.parametrize("key", STUDY_PRESETS)
def test_every_preset_of_studies_can_be_launched_and_comes_back_unchanged(key, db, team):
    preset = STUDY_PRESETS[key]
    form = StudyForm(raw_of_preset(preset), team)
    plan = form.plan()
    assert plan is not None, form.all_messages()
    back = StudyForm(read_yaml(study_yaml(form), OF_STUDY).raw, team)
    assert back.typed_plan() == plan
    assert {method.strategy for method in plan.methods} == set(preset.spec["methods"])
    assert back.title == preset.title

"""Protocols: the figures of the papers, names of changed ones, and groups of figures."""

from __future__ import annotations

import json

import pytest

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.protocol import Protocol
from nasengine.execution.building import build
from nasengine.execution.final_job import FinalJob
from nasengine.execution.network_folder import parameters_of
from nasengine.execution.protocols import (
    find_protocol,
    group_by_protocol,
    protocol_key,
    resolve,
    resolved_settings,
)
from nasengine.execution.scaling import scaled
from tests.fixtures.stored_networks import tiny
from webapp.runs import published_presets

NAMES = catalog.names("protocols")
DARTS_V2 = catalog.load("networks", "DARTS_V2")


def kind_of(protocol):
    return "images" if protocol.data_kind == "any" else protocol.data_kind


@pytest.mark.parametrize("name", NAMES)
def test_every_protocol_is_valid_and_survives_json(name):
    protocol = find_protocol(name)
    assert protocol.name == name and protocol.help
    assert Protocol.from_json(json.loads(json.dumps(protocol.to_json()))) == protocol
    config = resolve(protocol, kind_of(protocol))
    assert config.epochs == protocol.settings["epochs"]


def test_darts_on_cifar10_is_that_of_the_paper():
    protocol = find_protocol("darts-cifar10")
    assert protocol.network == {"cells": 20, "channels": 36}
    assert protocol.trains_on == "train+valid"
    settings = resolved_settings(resolve(protocol, "images"))
    expected = {
        "epochs": 600, "batch_size": 96, "optimiser": "sgd", "learning_rate": 0.025,
        "final_learning_rate": 0.0, "schedule": "cosine", "momentum": 0.9, "nesterov": False,
        "weight_decay": 3e-4, "gradient_clip": 5.0, "crop": 4, "flip": True, "cutout": 16,
        "drop_path": 0.2, "auxiliary_weight": 0.4, "label_smoothing": 0.0, "warm_up": 0.0,
    }  # fmt: skip
    assert {name: settings[name] for name in expected} == expected


def test_the_mobile_setting_is_that_of_the_paper():
    protocol = find_protocol("nasnet-a-mobile")
    assert protocol.network == {"cells": 14, "channels": 48}
    settings = resolved_settings(resolve(protocol, "images"))
    expected = {
        "epochs": 250, "batch_size": 128, "learning_rate": 0.1, "schedule": "step",
        "step_epochs": 1, "step_factor": 0.97, "momentum": 0.9, "weight_decay": 3e-5,
        "gradient_clip": 5.0, "drop_path": 0.0, "label_smoothing": 0.1, "auxiliary_weight": 0.4,
        "resized_crop": 0.08, "colour_jitter": 0.4, "hue_jitter": 0.2, "flip": True, "cutout": 0,
    }  # fmt: skip
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("darts-cifar10", "DARTS"),
        ("enas-cifar10", "ENAS_MICRO"),
        ("darts-ptb", "DARTS_RECURRENT"),
    ],
)
def test_the_presets_of_the_papers_train_by_the_same_figures(name, preset):
    """The presets of the launch form were transcribed on their own."""
    protocol, spec = find_protocol(name), getattr(published_presets, preset)
    theirs = Protocol(
        "theirs",
        data_kind=protocol.data_kind,
        settings={
            key: value
            for key, value in spec["estimator_config"].items()
            if key not in published_presets.ON_GPU
        },
    )
    kind = kind_of(protocol)
    assert resolved_settings(resolve(protocol, kind)) == resolved_settings(resolve(theirs, kind))
    assert protocol.network == {name: spec["space_config"][name] for name in protocol.network}


def test_wikitext2_differs_from_the_treebank_in_three_figures():
    one, two = find_protocol("darts-ptb"), find_protocol("darts-wikitext2")
    assert {**one.settings, "weight_decay": 5e-7} == two.settings
    assert {**one.network, "hidden": 700, "hidden_dropout": 0.15} == two.network


@pytest.mark.parametrize(
    ("name", "network", "shape", "classes", "params"),
    [
        ("darts-cifar10", "DARTS_V2", (3, 32, 32), 10, 3_349_342),
        ("darts-cifar10", "DARTS_V1", (3, 32, 32), 10, 3_169_414),
        ("nasnet-a-mobile", "DARTS_V2", (3, 224, 224), 1000, 4_718_752),
        ("nasnet-a-mobile", "DARTS_V1", (3, 224, 224), 1000, 4_510_432),
        ("darts-ptb", "DARTS_V2_RNN", (1,), 10_000, 22_960_000),
        ("darts-wikitext2", "DARTS_V2_RNN", (1,), 33_278, 33_127_878),
    ],
)
def test_published_networks_in_the_size_of_a_protocol(name, network, shape, classes, params):
    import torch

    published = catalog.load("networks", network)
    architecture, protocol = scaled(published, find_protocol(name))
    assert protocol.name == name
    with torch.device("meta"):
        assert parameters_of(build(architecture, shape, classes)) == params


def test_a_protocol_with_other_settings_has_another_name():
    protocol = find_protocol("darts-cifar10")
    assert protocol.changed(epochs=600) is protocol
    short = protocol.changed(epochs=2)
    assert short.name == "darts-cifar10 (epochs 2)"
    both = short.changed(cutout=0)
    assert both.name == "darts-cifar10 (cutout 0, epochs 2)"
    assert (both.base, both.changes) == ("darts-cifar10", {"cutout": 0, "epochs": 2})
    assert Protocol.from_json(both.to_json()) == both
    _, small = scaled(DARTS_V2, protocol, cells=8, channels=36)
    assert small.name == "darts-cifar10 (cells 8)"
    _, quick = scaled(DARTS_V2, find_protocol("quick"), cells=8)
    assert quick.name == "quick"


def test_a_network_keeps_its_size_if_the_protocol_means_another_kind_of_cell():
    nb201 = tiny("nb201", cells=1, channels=4)
    architecture, protocol = scaled(nb201, find_protocol("darts-cifar10"))
    assert (architecture, protocol.name) == (nb201, "darts-cifar10")
    architecture, _ = scaled(tiny(), find_protocol("darts-cifar10"))
    assert (architecture.config["cells"], architecture.config["channels"]) == (20, 36)


@pytest.mark.parametrize(
    ("space", "sizes", "message"),
    [
        ("enas-macro", {"cells": 3}, "settings of size: channels"),
        ("recurrent-cell", {"cells": 3}, "settings of size: hidden"),
        ("mobile-chain", {"cells": 3}, "the rest of the size is part of the architecture"),
        ("topology", {"channels": 16}, "cannot have this size: node .* choose one of 16, 32"),
        ("cell", {"cells": 41}, "cells: must be at most 40"),
        ("cell", {"channels": 1}, "channels: must be at least 2"),
    ],
)
def test_a_size_that_a_network_cannot_have_is_refused(space, sizes, message):
    with pytest.raises(EngineError, match=message):
        scaled(tiny(space), find_protocol("quick"), **sizes)


@pytest.mark.parametrize("space", ["nb201", "enas-micro", "block-cell", "dense-cell"])
def test_networks_of_other_spaces_are_scaled(space):
    import torch

    architecture, _ = scaled(tiny(space), find_protocol("quick"), channels=16)
    assert architecture.config["channels"] == 16
    with torch.device("meta"):
        assert build(architecture, (3, 32, 32), 10)(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_ones_own_protocol_is_a_mapping_a_file_or_a_registered_name(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "_registered", {kind: {} for kind in catalog.KINDS})
    own = {"name": "mine", "settings": {"epochs": 3, "flip": True}}
    protocol = find_protocol(own)
    assert resolve(protocol, "images").flip
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(own))
    assert find_protocol(path) == protocol
    catalog.register("protocol", protocol)
    assert find_protocol("mine") is protocol
    assert "mine" in catalog.names("protocols")
    with pytest.raises(EngineError, match="must be a Protocol"):
        catalog.register("protocol", Protocol, name="x")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nonsense", "is not among the protocols"),
        ({"settings": {}}, "needs a name"),
        ({"name": "x", "epochs": 3}, "'epochs' is not part of a protocol: use name"),
        ({"name": "x", "settings": {"epoch": 3}}, "settings.epoch: no such setting"),
        ({"name": "x", "settings": {"epochs": 0}}, "settings.epochs: must be at least 1"),
        ({"name": "x", "settings": {"device": "cuda"}}, "device: is not part of a protocol"),
        ({"name": "x", "settings": []}, "settings of a protocol must be an object"),
        ({"name": "x", "data_kind": "sound"}, "data_kind of a protocol must be one of"),
        ({"name": "x", "trains_on": "test"}, "trains_on of a protocol must be one of"),
        ({"name": 3}, "name of a protocol must be text"),
        ({"name": "darts-cifar10", "settings": {"epochs": 2}}, "is the name of another protocol"),
        ({"name": "quick", "base": "x", "changes": {"a": 1}}, "is the name of another protocol"),
    ],
)
def test_a_wrong_protocol_is_refused_with_the_reason(value, message):
    with pytest.raises(EngineError, match=message):
        find_protocol(value)


def test_a_file_without_a_protocol_is_refused(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(EngineError, match="cannot be read"):
        find_protocol(path)
    for text, message in (("{", "not one JSON document"), ("[1]", "has no protocol")):
        path.write_text(text)
        with pytest.raises(EngineError, match=message):
            find_protocol(path)


def facts(protocol="quick", epochs=10, digest="a", **config):
    return (
        {"name": protocol, "trains_on": "train", "settings": {"epochs": epochs}},
        {
            "name": "digits",
            "config": {"valid_share": 0.25, "path": "/x", **config},
            "digest": digest,
        },
    )


def test_figures_are_grouped_by_protocol_and_data():
    rows = [facts(), facts("darts"), facts(digest="b"), facts(path="/y"), facts(epochs=2)]
    groups = group_by_protocol(range(5), rows.__getitem__)
    assert [group.items for group in groups] == [(0, 3), (1,), (2,), (4,)]
    labels = [group.label for group in groups]
    assert labels[1] == "darts on digits"
    assert labels[0] == f"quick on digits [{protocol_key(*rows[0])}]"
    assert len(set(labels)) == len({group.key for group in groups}) == 4


def test_a_job_survives_json_and_checks_itself():
    job = FinalJob(tiny(), find_protocol("quick"), "digits", seed=3, cells=3)
    assert FinalJob.from_json(json.loads(json.dumps(job.to_json()))) == job
    plan = job.plan()
    assert (plan.architecture.config["cells"], plan.protocol_json["cells"]) == (3, 3)
    assert plan.dataset_config == {"valid_share": 0.25, "split_seed": 0, "limit": None}
    assert "device" not in plan.protocol_json["settings"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"dataset": "ptb"}, "ptb is text, and networks of the space cell read images"),
        ({"protocol": find_protocol("darts-ptb")}, "is for text"),
        ({"dataset": "nothing"}, "is not among the datasets"),
        ({"device": "tpu"}, "device: must be auto"),
    ],
)
def test_a_job_of_parts_that_do_not_fit_is_refused(changes, message):
    values = {"architecture": tiny(), "protocol": find_protocol("quick"), "dataset": "digits"}
    with pytest.raises((EngineError, InvalidSettings), match=message):
        FinalJob(**{**values, **changes}).plan()

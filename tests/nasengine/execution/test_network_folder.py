"""Stored networks: equal outputs after loading, and everything that was changed is refused."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import tomllib
from pathlib import Path

import pytest
import safetensors.torch
import torch

import nasengine
from nasengine.core.errors import EngineError
from nasengine.data.common.named import named_dataset
from nasengine.execution.building import build
from nasengine.execution.code_version import VERSION, code_version
from nasengine.execution.network_description import pack
from nasengine.execution.network_folder import (
    MAX_HEADER_BYTES,
    load_stored,
    parameters_of,
    save_network,
)
from nasengine.spaces.common.deployment import as_deployed
from tests.fixtures.spaces import NETWORK_SPACES, inputs, logits_of, space_of
from tests.fixtures.stored_networks import described, randomised, stored, tiny

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path):
    stored(tmp_path)
    return tmp_path


def rewrite(folder, **changes):
    """Change keys of the description and store it with a right digest."""
    path = folder / "network.json"
    value = json.loads(path.read_text())
    value.pop("digest")
    path.write_bytes(pack({**value, **changes}))


def replace_weights(folder, content):
    """Replace the file of the weights, and record its size and digest."""
    (folder / "weights.safetensors").write_bytes(content)
    weights = json.loads((folder / "network.json").read_text())["weights"]
    sha = hashlib.sha256(content).hexdigest()
    rewrite(folder, weights={**weights, "sha256": sha, "bytes": len(content)})


def tensors_of(folder):
    return safetensors.torch.load((folder / "weights.safetensors").read_bytes())


@pytest.mark.parametrize("name", NETWORK_SPACES)
def test_a_loaded_network_gives_the_same_outputs_bit_for_bit(name, tmp_path):
    saved, network = stored(tmp_path, tiny(name))
    batch = inputs(space_of(name), 3)
    loaded = nasengine.load_network(tmp_path)
    assert not loaded.training
    expected = logits_of(as_deployed(network.eval())(batch))
    assert torch.equal(logits_of(loaded(batch)), expected)
    assert load_stored(tmp_path) == saved
    assert saved.weights.parameters == sum(p.numel() for p in loaded.parameters())


def test_the_auxiliary_head_is_not_stored(tmp_path):
    architecture = tiny()
    space = space_of("cell").__class__(space_of("cell").Config(cells=2, channels=4, nodes=2))
    network = randomised(space.build(architecture, (1, 8, 8), 10, auxiliary=True))
    saved = save_network(network, described(architecture), tmp_path)
    plain = build(architecture, (1, 8, 8), 10)
    assert saved.weights.parameters == parameters_of(plain) < parameters_of(network) + 1
    assert not [name for name in tensors_of(tmp_path) if "auxiliary" in name]
    batch = torch.randn(2, 1, 8, 8)
    assert torch.equal(nasengine.load_network(tmp_path)(batch), network.eval()(batch))


def test_darts_v2_has_the_published_number_of_parameters():
    """At 36 channels and 20 cells; the auxiliary head does not count (1806.09055)."""
    published = nasengine.load_plugin("networks", "DARTS_V2")
    with torch.device("meta"):
        assert parameters_of(build(published, (3, 32, 32), 10)) == 3_349_342


def test_the_description_is_that_of_the_contract(folder):
    value = json.loads((folder / "network.json").read_text())
    assert list(value) == [
        "kind", "version", "architecture", "input_shape", "classes", "data_kind", "labels",
        "preprocessing", "dataset", "protocol", "seed", "code_version", "measurements", "curve",
        "weights", "digest",
    ]  # fmt: skip
    assert (value["kind"], value["version"]) == ("network", 1)
    assert value["preprocessing"] == {"mean": [0.3], "std": [0.4], "scale": 1 / 16}
    content = (folder / "weights.safetensors").read_bytes()
    assert value["weights"] == {
        "file": "weights.safetensors",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "parameters": parameters_of(nasengine.load_network(folder)),
    }


def refused(folder, message):
    with pytest.raises(EngineError, match=message) as caught:
        nasengine.load_network(folder)
    assert "\n" not in str(caught.value)
    return True


def test_a_folder_without_a_network_is_refused(tmp_path):
    assert refused(tmp_path, "not a stored network")
    assert refused(tmp_path / "missing", "not a stored network")


def test_a_changed_bit_is_refused(folder):
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    assert refused(folder, "differs from what was stored")


def test_a_truncated_file_is_refused(folder):
    content = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(content[:-4])
    assert refused(folder, "were stored: copy it again")
    replace_weights(folder, content[:-4])
    assert refused(folder, "no safetensors file")
    replace_weights(folder, content[:4])
    assert refused(folder, "no safetensors file")
    (folder / "weights.safetensors").unlink()
    assert refused(folder, "cannot be read")


def test_an_oversized_file_is_refused_before_it_is_read(folder):
    path = folder / "weights.safetensors"
    size = path.stat().st_size + MAX_HEADER_BYTES + 2**40
    os.truncate(path, size)  # a sparse file
    weights = json.loads((folder / "network.json").read_text())["weights"]
    rewrite(folder, weights={**weights, "bytes": size})
    assert refused(folder, "more than this network can have")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("classifier.bias"), "classifier.bias is missing"),
        (lambda t: t.update(more=torch.zeros(1)), "more is not part of the network"),
        (lambda t: t.update({"classifier.bias": torch.zeros(9)}), r"has shape \(9,\), expected"),
        (
            lambda t: t.update({"classifier.bias": torch.zeros(10, dtype=torch.float16)}),
            "has type torch.float16, expected torch.float32",
        ),
    ],
)
def test_tensors_that_do_not_fit_the_architecture_are_refused(folder, change, message):
    tensors = tensors_of(folder)
    change(tensors)
    replace_weights(folder, safetensors.torch.save(tensors))
    assert refused(folder, message)


def test_a_pickle_is_not_read(folder, tmp_path):
    """Not even if its size and digest are those that are recorded."""
    bomb = pickle.dumps(Bomb(str(tmp_path / "ran")))
    replace_weights(folder, bomb)
    assert refused(folder, "no safetensors file")
    assert not (tmp_path / "ran").exists()


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def test_a_changed_description_is_refused(folder):
    path = folder / "network.json"
    text = path.read_text()
    path.write_text(text.replace("12.5", "2.5"))
    assert refused(folder, "was changed after it was stored")
    path.write_text(text[:100])
    assert refused(folder, "is damaged")
    path.write_text("[" * 100_000)
    assert refused(folder, "is damaged")
    path.write_text('{"kind": "network", "version": 1, "seed": NaN}')
    assert refused(folder, "is damaged")
    path.write_text('{"kind": "network", "version": 2}')
    assert refused(folder, "has version 2")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": 0}, "classes is missing or has another form"),
        ({"classes": True}, "classes is missing or has another form"),
        ({"input_shape": [1, 8, 10**9]}, "input_shape is missing or has another form"),
        ({"labels": [1]}, "labels is missing or has another form"),
        ({"architecture": {"space": "cell"}}, "architecture is missing or has another form"),
        ({"architecture": {"space": "x", "config": {}, "genome": 0}}, "not among the spaces"),
        ({"curve": {}}, "curve is missing or has another form"),
        (
            {"weights": {"file": "../weights.safetensors", "sha256": "", "bytes": 1,
                         "parameters": 1}},
            "weights is missing or has another form",
        ),
    ],
)  # fmt: skip
def test_a_description_of_another_form_is_refused(folder, change, message):
    rewrite(folder, **change)
    assert refused(folder, message)


def test_a_description_of_another_architecture_is_refused(folder):
    rewrite(folder, architecture=tiny(cells=3, channels=4, nodes=2).to_json())
    assert refused(folder, "does not fit the architecture")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot be written"):
        stored(tmp_path / "file")


def test_a_network_is_replaced_as_a_whole(folder):
    before = load_stored(folder)
    after, _ = stored(folder, seed=3)
    assert before.weights.sha256 != after.weights.sha256
    assert load_stored(folder) == after
    assert sorted(path.name for path in folder.iterdir()) == ["network.json", "weights.safetensors"]


def test_data_sets_say_how_pixels_become_inputs():
    dataset = named_dataset("digits", {})
    said = dataset.preprocessing()
    assert said.scale == 1 / 16
    train, _ = dataset.search_parts()
    pixels = (train.images * said.std[0] + said.mean[0]) / said.scale
    assert torch.allclose(pixels, pixels.round(), atol=1e-4)
    assert 0 == pixels.round().min() < pixels.round().max() == 16
    assert dataset.labels() == tuple("0123456789")
    text = named_dataset("pydoc-text", {})
    assert (text.preprocessing(), text.labels()) == (None, None)


@pytest.mark.parametrize(
    ("name", "count", "one"),
    [("cifar10", 10, "airplane"), ("cifar100", 100, "apple"), ("fashion-mnist", 10, "t-shirt")],
)
def test_data_sets_name_their_classes(name, count, one):
    labels = named_dataset(name, {}).labels()
    assert len(labels) == len(set(labels)) == count
    assert labels[0] == one


def test_the_code_version_starts_with_the_version_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert code_version().startswith(f"{VERSION}+")

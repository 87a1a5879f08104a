"""Targets `litert` and `executorch`: their code, with PyTorch in the place of the libraries."""

from __future__ import annotations

import importlib.metadata
import io
import json
import sys
import types
import zipfile
from importlib.machinery import ModuleSpec

import pytest
import torch

from nasengine.command_line.export import settings_of
from nasengine.core.errors import EngineError
from nasengine.exports.export import export

TIMES = {"aten.relu.default": 2}


def module(name, **members):
    made = types.ModuleType(name)
    made.__spec__ = ModuleSpec(name, None)
    for key, value in members.items():
        setattr(made, key, value)
    return made


def install(monkeypatch, *modules):
    for one in modules:
        monkeypatch.setitem(sys.modules, one.__name__, one)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9")
    for name in ("litert_runtime", "executorch_runtime"):
        monkeypatch.delitem(sys.modules, f"nasengine.exports.runtimes.{name}", raising=False)


class Converted:
    """The result of litert-torch; its file is a program of torch.export."""

    def __init__(self, model, inputs):
        self.model, self.inputs = model, inputs

    def convert(self):
        return self

    def export(self, path):
        torch.export.save(torch.export.export(self.model, (), self.inputs), path)


class Interpreter:
    """The interpreter of LiteRT for such files."""

    def __init__(self, path, num_threads=None):
        self.program = torch.export.load(path).module()

    def get_signature_runner(self, name):
        assert name == "serving_default"

        def run(**inputs):
            tensors = {key: torch.from_numpy(value) for key, value in inputs.items()}
            with torch.no_grad():
                return {key: one.numpy() for key, one in self.program(**tensors).items()}

        return run


@pytest.fixture
def litert(monkeypatch):
    seen = []

    def signature(name, model, sample_kwargs):
        seen.append((name, {key: tuple(value.shape) for key, value in sample_kwargs.items()}))
        return Converted(model, sample_kwargs)

    package = module("litert_torch", signature=signature)
    interpreter = module("ai_edge_litert.interpreter", Interpreter=Interpreter)
    install(monkeypatch, package, module("ai_edge_litert", interpreter=interpreter), interpreter)
    package.seen = seen
    return package


def test_litert_gets_named_inputs_and_outputs(small, checks, tmp_path, litert):
    done = export(small, "litert", tmp_path, checks=checks)
    assert litert.seen == [("serving_default", {"image": (1, 1, 8, 8)})]
    (model,) = done.report["models"]
    assert model["runtime"] == "ai-edge-litert 9.9"
    assert model["check"]["largest_difference"] < 1e-4
    assert model["test"]["same_class"] == 40
    with zipfile.ZipFile(done.archive) as archive:
        assert {"model.tflite", "litert_runtime.py"} <= set(archive.namelist())
        assert archive.read("requirements.txt") == b"numpy\nai-edge-litert\n"
        (entry,) = json.loads(archive.read("model.json"))["models"]
        assert entry["runtime"] == "litert_runtime"


def test_what_the_converter_refuses_is_one_sentence(small, checks, tmp_path, litert):
    def refuse(name, model, sample_kwargs):
        raise ValueError("no lowering\nfor aten.foo")

    litert.signature = refuse
    wanted = r"LiteRT cannot convert this network \(ValueError: no lowering for aten.foo\)"
    with pytest.raises(EngineError, match=wanted):
        export(small, "litert", tmp_path, checks=checks)
    assert list(tmp_path.iterdir()) == []


class Edge:
    """The result of lowering; its buffer is a program of torch.export."""

    def __init__(self, program, left):
        buffer = io.BytesIO()
        torch.export.save(program, buffer)
        self.buffer, self.left = buffer.getvalue(), left

    def to_executorch(self):
        return self

    def exported_program(self):
        targets = [name for name, count in self.left.items() for _ in range(count)]
        nodes = [types.SimpleNamespace(op="call_function", target=target) for target in targets]
        nodes.append(types.SimpleNamespace(op="placeholder", target="image"))
        return types.SimpleNamespace(graph=types.SimpleNamespace(nodes=nodes))


class Runtime:
    """The runtime of ExecuTorch for such buffers."""

    @classmethod
    def get(cls):
        return cls()

    def load_program(self, path):
        self.program = torch.export.load(path).module()
        return self

    def load_method(self, name):
        assert name == "forward"
        return self

    def execute(self, inputs):
        with torch.no_grad():
            return [self.program(*inputs)]


@pytest.fixture
def executorch(monkeypatch):
    seen = []

    def lower(program, partitioner):
        seen.append(partitioner)
        left = {**TIMES, "executorch_call_delegate": 3, "<built-in function getitem>": 4}
        return Edge(program, left if partitioner else TIMES)

    place = "executorch.backends.xnnpack.partition"
    install(
        monkeypatch,
        module("executorch"),
        module("executorch.exir", to_edge_transform_and_lower=lower),
        module("executorch.backends"),
        module("executorch.backends.xnnpack"),
        module(place),
        module(f"{place}.xnnpack_partitioner", XnnpackPartitioner=lambda: "xnnpack"),
        module("executorch.runtime", Runtime=Runtime),
    )
    return seen


@pytest.mark.parametrize(
    ("backend", "partitioners", "fell_back"),
    [
        ("xnnpack", ["xnnpack"], ["2 x aten.relu.default in portable kernels"]),
        ("portable", [], []),
    ],
)
def test_executorch_names_what_its_backend_does_not_take(
    small, checks, tmp_path, executorch, backend, partitioners, fell_back
):
    done = export(small, "executorch", tmp_path, config={"backend": backend}, checks=checks)
    assert executorch == [partitioners]
    assert done.report["fell_back"] == fell_back
    (model,) = done.report["models"]
    assert model["runtime"] == "executorch 9.9"
    assert model["check"]["largest_difference"] < 1e-4
    with zipfile.ZipFile(done.archive) as archive:
        assert archive.read("requirements.txt") == b"numpy\nexecutorch\ntorch\n"


@pytest.mark.parametrize(
    ("target", "packages", "command"),
    [
        ("litert", ["litert_torch", "ai_edge_litert"], "pip install litert-torch ai-edge-litert"),
        ("executorch", ["executorch"], "pip install executorch"),
    ],
)
def test_a_missing_library_is_named_and_all_leaves_the_target_out(
    small, tmp_path, monkeypatch, target, packages, command
):
    for name in packages:
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    monkeypatch.setattr("nasengine.core.target.find_spec", spec_without(packages))
    with pytest.raises(EngineError) as caught:
        export(small, target, tmp_path)
    assert f"needs {', '.join(packages)}" in str(caught.value)
    assert str(caught.value).endswith(f": {command}")
    named = [name for name, _ in settings_of(str(small), "all", [])]
    assert target not in named and {"onnx", "tensorrt", "openvino-int8"} <= set(named)


def spec_without(packages):
    from importlib.util import find_spec

    return lambda name: None if name in packages else find_spec(name)

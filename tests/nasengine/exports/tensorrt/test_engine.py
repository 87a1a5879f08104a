"""Building engines: real code, with stand-ins only for driver, tensorrt and the GPU provider."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import onnx
import onnxruntime
import pytest

from nasengine.exports.targets.tensorrt import engine
from nasengine.exports.targets.tensorrt.scripts import Recipe

RECIPE = Recipe("float32", ("float32",), (1, 8, 8), 4, 256)
CPU = "CPUExecutionProvider"


@pytest.fixture
def model(context, tmp_path):
    path = tmp_path / "model_fp32.onnx"
    path.write_bytes(context.onnx().path.read_bytes())
    return path


@pytest.fixture
def driver(monkeypatch):
    monkeypatch.setattr(engine, "has_driver", lambda: True)


def forget(*modules):
    for module in modules:
        sys.modules.pop(module, None)


def test_a_machine_without_a_driver_says_so(context, model, monkeypatch):
    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(engine.ctypes, "CDLL", missing)
    report = engine.build_engine(context, model, RECIPE)
    assert report.note == "Engine: not built here: no NVIDIA driver."
    assert report.facts == {"built": False, "reason": "no NVIDIA driver"}


def test_a_driver_without_tensorrt_names_the_packages(context, model, driver, monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    report = engine.build_engine(context, model, RECIPE)
    assert "onnxruntime-ep-nv-tensorrt-rtx-cu13 (or -cu12)" in report.note


@pytest.fixture
def rtx(monkeypatch, driver):
    """The provider's package; the CPU of this machine takes the place of the GPU."""
    package = types.ModuleType(engine.RTX_PACKAGE)
    package.__version__ = "0.5.0"
    package.get_ep_name = lambda: CPU
    package.get_library_path = lambda: "libprovider.so"
    package.__spec__ = types.SimpleNamespace(name=engine.RTX_PACKAGE)
    monkeypatch.setitem(sys.modules, engine.RTX_PACKAGE, package)
    forget(engine.RTX_RUNTIME)
    yield package
    forget(engine.RTX_RUNTIME)


def test_an_engine_of_tensorrt_for_rtx_is_built_and_compared(context, model, rtx):
    """ONNX Runtime refuses to forbid the CPU here, which is how layers that fell back show."""
    report = engine.build_engine(context, model, RECIPE)
    assert report.facts["built"] is True
    assert report.facts["runtime"] == "TensorRT for RTX (provider 0.5.0)"
    check = report.facts["check"]
    assert check["inputs"] == check["same_class"] == 256
    assert check["largest_difference"] < 1e-4
    assert "TensorRT for RTX (provider 0.5.0) built model_fp32.onnx" in report.note
    (sentence,) = report.fell_back
    assert sentence.startswith("some layers run on the CPU (")


def test_the_provider_is_registered_once_and_the_first_gpu_is_used(model, rtx, monkeypatch):
    registered = []
    rtx.get_ep_name = lambda: "NvTensorRTRTXExecutionProvider"
    (cpu,) = (one for one in onnxruntime.get_ep_devices() if one.ep_name == CPU)
    gpus = [types.SimpleNamespace(ep_name="NvTensorRTRTXExecutionProvider", id=i) for i in (0, 1)]
    monkeypatch.setattr(onnxruntime, "get_ep_devices", lambda: [cpu, *(gpus * len(registered))])
    monkeypatch.setattr(
        onnxruntime,
        "register_execution_provider_library",
        lambda name, library: registered.append((name, library)),
    )
    made = {}

    class Options:
        def __init__(self):
            self.entries = {}

        def add_session_config_entry(self, key, value):
            self.entries[key] = value

        def add_provider_for_devices(self, devices, settings):
            self.devices = devices

    class Session:
        def __init__(self, path, options):
            made.update(path=path, options=options)

        def get_outputs(self):
            return [types.SimpleNamespace(name="logits")]

        def run(self, names, inputs):
            return [inputs["image"] + 1]

    monkeypatch.setattr(onnxruntime, "SessionOptions", Options)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    runtime = engine.runtime_module(engine.RTX_RUNTIME)
    run = runtime.open_model(model)
    runtime.open_model(model)
    assert registered == [("NvTensorRTRTXExecutionProvider", "libprovider.so")]
    assert made["options"].devices == gpus[:1]
    assert made["options"].entries == {"session.disable_cpu_ep_fallback": "1"}
    assert run({"image": 1}) == {"logits": 2}


def test_no_supported_gpu_is_no_engine(context, model, rtx, monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_ep_devices", lambda: [])
    monkeypatch.setattr(onnxruntime, "register_execution_provider_library", lambda *_: None)
    report = engine.build_engine(context, model, RECIPE)
    assert report.facts["built"] is False
    assert "finds no GPU: it needs the Ampere generation or newer" in report.note


class FakeTensorRt(types.ModuleType):
    """The part of the package tensorrt that `build_engine` uses; it reads graphs with onnx."""

    __version__ = "11.4.0"

    def __init__(self, *, refuse: str = "", strongly_typed: bool = True, builds: bool = True):
        super().__init__("tensorrt")
        self.__spec__ = types.SimpleNamespace(name="tensorrt")  # type: ignore[assignment]
        self.seen: dict[str, object] = {}
        seen = self.seen

        class Logger:
            WARNING = 1

            def __init__(self, level):
                seen["level"] = level

        class Parser:
            num_errors = 1

            def __init__(self, network, logger):
                self.network = network

            def parse(self, data):
                self.network.model = onnx.load_from_string(data)
                return not refuse

            def get_error(self, index):
                return refuse

        class Network:
            def get_input(self, index):
                value = self.model.graph.input[index]
                sizes = value.type.tensor_type.shape.dim
                shape = [size.dim_value if size.HasField("dim_value") else -1 for size in sizes]
                return types.SimpleNamespace(name=value.name, shape=shape)

        class Profile:
            def set_shape(self, *shapes):
                seen["shapes"] = shapes

        class BuilderConfig:
            def set_memory_pool_limit(self, pool, size):
                seen["memory"] = (pool, size)

            def add_optimization_profile(self, profile):
                seen["profile"] = profile

        class Builder:
            def __init__(self, logger):
                pass

            def create_network(self, flags):
                seen["flags"] = flags
                return Network()

            def create_builder_config(self):
                return BuilderConfig()

            def create_optimization_profile(self):
                return Profile()

            def build_serialized_network(self, network, config):
                return b"plan" if builds else None

        self.Logger, self.Builder, self.OnnxParser = Logger, Builder, Parser
        self.MemoryPoolType = types.SimpleNamespace(WORKSPACE="workspace")
        flags = {"STRONGLY_TYPED": 1} if strongly_typed else {}
        self.NetworkDefinitionCreationFlag = types.SimpleNamespace(**flags)


@pytest.fixture
def tensorrt(monkeypatch, driver):
    """Install a stand-in for the package tensorrt."""
    builder = "nasengine.exports.targets.tensorrt.build_engine"

    def install(**settings):
        package = FakeTensorRt(**settings)
        monkeypatch.setitem(sys.modules, "tensorrt", package)
        monkeypatch.setattr(
            engine, "find_spec", lambda name: None if name == engine.RTX_PACKAGE else object()
        )
        forget(builder)
        return package

    yield install
    forget(builder)


def test_the_package_tensorrt_builds_a_strongly_typed_engine(context, model, tensorrt):
    package = tensorrt()
    report = engine.build_engine(context, model, RECIPE)
    assert report.facts["built"] and report.facts["bytes"] == len(b"plan")
    assert package.seen["flags"] == 1 << 1
    assert package.seen["memory"] == ("workspace", 256 * 2**20)
    assert "shapes" not in package.seen, "the batch of this model is fixed"
    assert "TensorRT 11.4.0 built model_fp32.onnx" in report.note


def test_a_version_that_is_always_strongly_typed_needs_no_flag(context, model, tensorrt):
    package = tensorrt(strongly_typed=False)
    assert engine.build_engine(context, model, RECIPE).facts["built"]
    assert package.seen["flags"] == 0


def test_a_free_batch_gets_a_profile(model, tensorrt, tmp_path):
    package = tensorrt()
    graph = onnx.load(model)
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(graph, tmp_path / "free.onnx")
    builder = engine.runtime_module("nasengine.exports.targets.tensorrt.build_engine")
    builder.build(tmp_path / "free.onnx", tmp_path / "out.engine", batch=4)
    assert package.seen["shapes"] == ("image", (1, 1, 8, 8), (4, 1, 8, 8), (4, 1, 8, 8))
    assert "profile" in package.seen
    assert (tmp_path / "out.engine").read_bytes() == b"plan"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"refuse": "node 3: no importer"}, "cannot read model_fp32.onnx: node 3: no importer"),
        ({"builds": False}, "TensorRT built no engine of model_fp32.onnx"),
    ],
)
def test_a_refused_graph_is_reported_with_the_reason(context, model, tensorrt, settings, reason):
    tensorrt(**settings)
    report = engine.build_engine(context, model, RECIPE)
    assert report.facts["built"] is False and reason in report.facts["reason"]


def test_the_builder_works_as_a_program_of_the_archive(model, tensorrt, monkeypatch, capsys):
    tensorrt()
    builder = engine.runtime_module("nasengine.exports.targets.tensorrt.build_engine")
    out = Path(model).with_name("my.engine")
    monkeypatch.setattr(sys, "argv", ["build_engine.py", str(model), str(out), "--workspace", "64"])
    assert builder.main() == 0
    assert capsys.readouterr().out == f"TensorRT 11.4.0 built {out}\n"
    tensorrt(refuse="no importer")
    builder = engine.runtime_module("nasengine.exports.targets.tensorrt.build_engine")
    assert builder.main() == 1
    assert "no importer" in capsys.readouterr().err

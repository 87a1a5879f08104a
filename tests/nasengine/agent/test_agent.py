"""The agent without a workbench: imports, measuring, answers that survive, patience."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nasengine.agent import measuring
from nasengine.agent.client import Client, Refused, Unreachable
from nasengine.agent.journal import Journal
from nasengine.agent.loop import Agent, Stopped
from nasengine.agent.runtimes.onnx_runtime import fallen_back
from nasengine.agent.runtimes.runtime import Input, example

ROOT = Path(__file__).resolve().parents[3]
BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocked())
import nasengine.agent.__main__, nasengine.agent.loop, nasengine.agent.measuring
ours = sorted(name for name in sys.modules if name.startswith("nasengine."))
allowed = ("nasengine.agent", "nasengine.metering")
print([name for name in ours if not name.startswith(allowed)])
"""


def test_the_agent_imports_only_its_own_parts():
    blocked = ["torch", "django", "celery", "scipy", "sklearn", "onnx", "requests", "pydantic"]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(blocked=blocked)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """An ONNX file: one convolution with a free batch."""
    from onnx import TensorProto, helper, save

    weights = np.ones((4, 3, 3, 3), dtype=np.float32)
    constant = helper.make_tensor("w", TensorProto.FLOAT, weights.shape, weights.ravel())
    node = helper.make_node("Conv", ["image", "w"], ["out"], pads=[1, 1, 1, 1])
    graph = helper.make_graph(
        [node],
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 8, 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", 4, 8, 8])],
        [constant],
    )
    path = tmp_path_factory.mktemp("onnx") / "network.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def job(path, **changed):
    base = {"path": str(path), "objective": "latency", "batch": 2, "threads": 1, "seconds": 0.2}
    return {**base, "runtime": "onnxruntime", **changed}


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_latency_has_samples_an_interval_and_the_conditions(network, runtime):
    found = measuring.measure(job(network, runtime=runtime))
    assert found["low"] <= found["value"] <= found["high"]
    thinned = found["repetitions"] > len(found["samples"])  # the value is that of all samples
    tolerance = 0.02 if thinned else 1e-3
    assert found["value"] == pytest.approx(np.median(found["samples"]), rel=tolerance)
    assert found["repetitions"] >= 30
    assert (found["unit"], found["method"], found["runtime"]) == ("ms", "measured", runtime)
    assert found["conditions"]["threads"] == 1
    assert found["layers"] == []
    json.dumps(found, allow_nan=False)


def test_throughput_counts_every_input_of_the_batch(network, monkeypatch):
    clock = itertools.count(0, 4_000_000)  # a pass lasts 4 ms
    stand_in = SimpleNamespace(perf_counter_ns=lambda: next(clock))
    monkeypatch.setattr(measuring, "time", stand_in)
    latency = measuring.measure(job(network))
    throughput = measuring.measure(job(network, objective="throughput"))
    assert (latency["value"], latency["unit"]) == (4.0, "ms")
    assert (throughput["value"], throughput["unit"]) == (500.0, "inputs/s")


def test_energy_without_a_source_says_why(network, monkeypatch):
    monkeypatch.setattr(measuring, "energy_source", lambda runs_on: (None, "no RAPL counters"))
    with pytest.raises(measuring.Unmeasurable, match="no energy source: no RAPL counters"):
        measuring.measure(job(network, objective="energy"))


def test_the_child_process_measures_memory_and_reports_a_broken_file(network, tmp_path):
    found = child(job(network, objective="memory"))["result"]
    assert 0 < found["value"] < 500e6
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    assert child(job(tmp_path / "broken.onnx"))["failure"].startswith(
        "onnxruntime cannot load the network"
    )


def child(request):
    done = subprocess.run(
        [sys.executable, "-m", "nasengine.agent.measuring"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return json.loads(done.stdout)


def test_operators_that_another_provider_ran_are_named_once():
    events = [
        {"cat": "Node", "args": {"op_name": "Conv", "provider": "CUDAExecutionProvider"}},
        {"cat": "Node", "args": {"op_name": "Resize", "provider": "CPUExecutionProvider"}},
        {"cat": "Node", "args": {"op_name": "Resize", "provider": "CPUExecutionProvider"}},
        {"cat": "Session", "args": {}},
    ]
    assert fallen_back(events, "CUDAExecutionProvider") == ("Resize (CPUExecutionProvider)",)


def test_examples_have_the_batch_and_type_of_the_inputs():
    word, state = Input("word", (-1,), "int64"), Input("state", (1, 5), "float32")
    values = example([word, state], 1)
    assert (values["word"].dtype, values["word"].shape) == (np.int64, (1,))
    assert (values["state"].dtype, values["state"].shape) == (np.float32, (1, 5))
    with pytest.raises(ValueError, match="input state has batch 1, not 4"):
        example([state], 4)


def test_samples_are_thinned_evenly():
    assert measuring.kept([1.0, 2.0]) == [1.0, 2.0]
    assert measuring.kept([float(i) for i in range(2500)]) == [float(i) for i in range(0, 2500, 3)]


@pytest.mark.parametrize("server", ["ftp://x", "workbench", "http://workbench.example"])
def test_addresses_that_would_leak_the_token_are_refused(server):
    with pytest.raises(ValueError, match="https"):
        Client(server, "token")


class Workbench:
    """Answers from a list, in place of a connection; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def post(self, path, values, timeout=0.0):
        self.asked.append((path, values))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


HELLO = {"device": "pi4", "lease_seconds": 120.0, "wait_seconds": 0.0}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("nasengine.agent.loop.FIRST_PAUSE_SECONDS", 0.001)


def test_an_answer_is_sent_until_it_is_accepted_even_by_the_next_process(tmp_path):
    Journal(tmp_path / "answers").keep(7, 2, {"result": {"value": 1.0}})
    workbench = Workbench(
        Unreachable("down"), HELLO, Unreachable("restarting"), {"answer": "accepted"}, None
    )
    agent = Agent(workbench, "pi4", tmp_path)
    agent.run(jobs=0)
    sent = [(path, values) for path, values in workbench.asked if "result" in path]
    assert sent == [("/jobs/7/result", {"fence": 2, "value": 1.0})] * 2
    assert workbench.asked[1][1]["kept"] == [7]
    assert Journal(tmp_path / "answers").waiting() == []


def test_a_refused_answer_is_dropped_and_a_refused_token_ends_the_agent(tmp_path):
    Journal(tmp_path / "answers").keep(7, 1, {"failure": "no runtime"})
    workbench = Workbench(HELLO, Refused(409, "replaced"), None)
    Agent(workbench, "pi4", tmp_path).run(jobs=0)
    assert workbench.asked[1] == ("/jobs/7/failure", {"fence": 1, "reason": "no runtime"})
    assert Journal(tmp_path / "answers").waiting() == []
    with pytest.raises(Stopped, match="Unauthorized"):
        Agent(Workbench(Refused(401, "Unauthorized")), "pi4", tmp_path).run()


def test_an_answer_that_the_workbench_finds_invalid_becomes_a_failure(tmp_path):
    Journal(tmp_path / "answers").keep(7, 1, {"result": {"value": 1.0}})
    workbench = Workbench(HELLO, Refused(422, "samples"), {"answer": "accepted"})
    Agent(workbench, "pi4", tmp_path).run(jobs=0)
    assert workbench.asked[2] == ("/jobs/7/failure", {"fence": 1, "reason": "samples"})


def test_half_written_answers_are_removed(tmp_path):
    journal = Journal(tmp_path)
    (tmp_path / "1-1.part").write_text("{")
    (tmp_path / "2-1.json").write_text("{")
    journal = Journal(tmp_path)
    assert journal.waiting() == []
    assert list(tmp_path.iterdir()) == []

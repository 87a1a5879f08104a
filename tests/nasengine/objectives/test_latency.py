"""Objective `latency`: timing, recorded conditions, devices, machine lock."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time

import pytest
import torch

from nasengine.core.errors import EngineError, UnknownName
from nasengine.objectives.common.device_files import DeviceFile, costed_device, device, devices
from nasengine.objectives.latency import machine_lock, timing
from nasengine.objectives.latency.machine_lock import exclusive, lock_path
from nasengine.objectives.latency.objective import Latency
from nasengine.objectives.latency.processor import cpu_clock_mhz, cpu_fact, cpu_name
from nasengine.objectives.latency.timing import Timing, repeat, time_network


class Sleeper(torch.nn.Module):
    """Calls `wait(seconds)` in every forward pass and records how it was called."""

    def __init__(self, seconds: float, wait=time.sleep):
        super().__init__()
        self.seconds = seconds
        self.wait = wait
        self.layer = torch.nn.Conv2d(3, 4, 3)
        self.calls = []

    def __deepcopy__(self, memo):
        return self  # so that the test sees the calls

    def forward(self, images):
        self.wait(self.seconds)
        facts = (images.shape, self.training, torch.is_inference_mode_enabled())
        self.calls.append((*facts, torch.get_num_threads()))
        return images


def scripted(values):
    """Return a function that returns the values cyclically, and the list of returned values."""
    returned = []

    def run():
        returned.append(values[len(returned) % len(values)])
        return returned[-1]

    return run, returned


def test_median_and_spread_come_from_the_quartiles():
    timings = Timing((1.0, 2.0, 3.0, 4.0, 100.0))
    # The quartiles 2 and 4 do not depend on the outlier; half of their distance is 1.
    assert (timings.median, timings.spread) == (3.0, 1.0)


@pytest.mark.trap(30)
def test_the_warm_up_is_not_counted():
    run, returned = scripted([50.0] * 10 + [2.0] * 1000)
    timings = repeat(run, warm_up=10, repetitions=30, seconds=0.0)
    assert (len(timings.milliseconds), timings.median, timings.spread) == (30, 2.0, 0.0)
    assert len(returned) == 40


@pytest.mark.parametrize(
    ("each", "expected"),
    [(100.0, 30), (4.0, 50), (0.5, 400), (0.0001, 1000)],
)
def test_repetitions_continue_for_the_configured_time_within_bounds(each, expected):
    run, _ = scripted([each])
    assert len(repeat(run, 10, 30, seconds=0.2).milliseconds) == expected


def test_the_real_clock_is_read():
    assert Latency().measure(Sleeper(0.002), (3, 6, 6), "cpu").value >= 2.0


def test_a_known_time_is_measured_exactly(monkeypatch):
    now = [0]
    monkeypatch.setattr(timing.time, "perf_counter_ns", lambda: now[0])

    def wait(seconds):
        now[0] += round(1e9 * seconds)

    network = Sleeper(0.002, wait)
    found = Latency().measure(network, (3, 6, 6), "cpu")
    assert (found.value, found.spread, found.repetitions) == (2.0, 0.0, 100)
    assert (found.objective, found.unit, found.device) == ("latency@cpu", "ms", "cpu")
    assert found.method == "measured"
    assert len(network.calls) == found.repetitions + 10
    assert (found.detail["min"], found.detail["max"]) == (2.0, 2.0)
    # One image, evaluation mode, inference mode, one thread.
    assert set(network.calls) == {(torch.Size((1, 3, 6, 6)), False, True, 1)}


def test_a_pass_over_text_reads_one_word_with_a_state():
    class Reader(torch.nn.Module):
        calls = []

        def forward(self, words, state=None):
            self.calls.append((words.shape, words.dtype, None if state is None else state.shape))
            return torch.zeros(len(words), 1, 5), torch.zeros(len(words), 3)

    found = Latency().measure(Reader(), (1,), "cpu")
    first, *others = Reader.calls
    assert first == (torch.Size((1, 1)), torch.int64, None)
    assert set(others) == {(torch.Size((1, 1)), torch.int64, torch.Size((1, 3)))}
    assert len(others) == found.repetitions + 10


def test_the_measuring_conditions_are_recorded():
    detail = Latency().measure(torch.nn.Conv2d(1, 2, 3), (1, 8, 8), "cpu").detail
    assert {key: detail[key] for key in ("batch", "dtype", "threads", "warm_up")} == {
        "batch": 1,
        "dtype": "float32",
        "threads": 1,
        "warm_up": 10,
    }
    assert detail["hardware"] == cpu_name() != ""
    assert detail["torch"] == torch.__version__


def test_measuring_restores_the_network_and_the_state_of_torch():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    network[1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    Latency().measure(network, (1, 8, 8), "cpu")
    assert (network.training, network[1].training) == (True, False)
    assert all((before[name] == value).all() for name, value in network.state_dict().items())
    assert torch.get_num_threads() == threads
    assert (torch.get_rng_state() == state).all()


def test_more_work_takes_longer():
    def network(layers):
        blocks = [torch.nn.Conv2d(16, 16, 3, padding=1) for _ in range(layers)]
        return torch.nn.Sequential(*blocks)

    short, long = (Latency().measure(network(n), (16, 16, 16), "cpu").value for n in (2, 20))
    assert long > 4 * short


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "latency needs a device: choose latency@cpu or latency@cuda or latency@mps"),
        ("raspi4", r"latency@raspi4 exists only in benchmark tables \(HW-NAS-Bench"),
        ("fpga", "or the estimator table"),
    ],
)
def test_devices_that_exist_only_in_tables_are_refused(name, message):
    with pytest.raises(EngineError, match=message):
        Latency().measure(torch.nn.Identity(), (1, 8, 8), name)


def test_unknown_devices_and_missing_costs_are_refused():
    with pytest.raises(UnknownName, match="'tpu' is not among the devices; known: cpu, cuda, mps,"):
        device("tpu")
    with pytest.raises(EngineError, match="energy@raspi4 does not exist: raspi4 has latency"):
        costed_device("energy", "raspi4")


def test_a_device_absent_from_this_machine_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="device cuda is not available on this machine: measure"):
        Latency().measure(torch.nn.Identity(), (1, 8, 8), "cuda")


def test_every_device_file_is_complete():
    files = devices()
    assert list(files)[:3] == ["cpu", "cuda", "mps"]
    assert {"raspi4", "pixel3", "edgegpu", "eyeriss", "fpga"} <= set(files)
    for file in files.values():
        assert file.method in ("measured", "tabular", "modelled")
        assert file.values in ("measured", "modelled")
        assert file.summary and file.provenance and file.costs
        assert file.batch >= 1
        if file.method == "measured":
            assert file.queue == file.runs_on == file.name
            assert file.warm_up >= 10
            assert file.repetitions >= 30
        elif file.method == "modelled":
            assert (file.queue, file.profile) == (None, file.name)
        else:
            assert (file.queue, file.runs_on) == (None, None)
    assert (files["1080ti_b256"].batch, files["eyeriss"].values) == (256, "modelled")


def test_the_message_names_an_invalid_device_file(tmp_path, monkeypatch):
    from nasengine.objectives.common import device_files

    monkeypatch.setattr(device_files, "FOLDER", tmp_path)
    for content in ("{", '{"summary": "x"}', '{"costs": [], "colour": "red"}'):
        (tmp_path / "odd.json").write_text(content)
        device_files.devices.cache_clear()
        with pytest.raises(EngineError, match=r"odd\.json is not a device file"):
            devices()
    monkeypatch.undo()
    device_files.devices.cache_clear()
    assert "cpu" in devices()


MINE = {
    "summary": "My box",
    "method": "measured",
    "costs": ["latency"],
    "provenance": "timed by the worker",
    "queue": "mybox",
    "runs_on": "cpu",
}


@pytest.fixture
def my_box(tmp_path, monkeypatch):
    """Return a function that reads a device file with changed fields; ... removes one."""
    from nasengine.objectives.common import device_files

    monkeypatch.setattr(device_files, "FOLDER", tmp_path)

    def read(text: str = "", **changed):
        values = {k: v for k, v in {**MINE, **changed}.items() if v is not ...}
        (tmp_path / "mybox.json").write_text(text or json.dumps(values))
        device_files.devices.cache_clear()
        return devices()["mybox"]

    yield read
    monkeypatch.undo()
    device_files.devices.cache_clear()


def test_an_own_device_is_read_and_timed(my_box):
    assert my_box().costs == ("latency",)
    assert my_box(batch=4, dtype="float16", seconds=0, threads=None).batch == 4
    my_box(runs_on="cpu", warm_up=1)
    assert Latency().measure(torch.nn.Identity(), (1, 8, 8), "mybox").device == "mybox"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("runs_on", "mybox", "is 'mybox': it must be one of cpu, cuda, mps"),
        ("runs_on", ..., "is missing: a device with method measured needs it"),
        ("runs_on", ["cpu"], "it must be one of"),
        ("queue", None, "is missing: a device with method measured needs it"),
        ("queue", "my box", "it must be 1 to 40 letters"),
        ("costs", ..., "is missing; required are"),
        ("costs", [], "it must be a list with at least one of latency, throughput"),
        ("costs", "latency", "it must be a list"),
        ("costs", ["latnecy"], "it must be a list"),
        ("costs", [{}], "it must be a list"),
        ("costs", ["latency", "latency"], "it must be a list"),
        ("profile", " ", "it must be a device profile, or null"),
        ("method", "guessed", "it must be one of measured, tabular"),
        ("summary", "  ", "it must be a text"),
        ("provenance", ..., "is missing"),
        ("batch", 0, "it must be a whole number above 0"),
        ("batch", "1", "it must be a whole number above 0"),
        ("batch", True, "it must be a whole number above 0"),
        ("batch", 10**30, "it must be a whole number above 0"),
        ("dtype", "int8", "it must be one of float32"),
        ("memory_format", "nchw", "it must be one of contiguous"),
        ("memory_format", None, "it must be one of contiguous"),
        ("threads", -1, "it must be a whole number above 0, or null"),
        ("repetitions", 1.5, "it must be a whole number above 0, or null"),
        ("seconds", float("nan"), "it must be a number from 0"),
        ("seconds", float("inf"), "it must be a number from 0"),
        ("colour", "red", "is unknown: use only summary, method"),
        ("name", "x", "is unknown"),
    ],
)
def test_a_wrong_field_of_a_device_file_is_named(my_box, field, value, message):
    with pytest.raises(EngineError) as error:
        my_box(**{field: value})
    assert str(error.value).startswith(f"mybox.json is not a device file: {field!r} ")
    assert message in str(error.value)


def test_only_a_costed_device_has_a_queue_and_runs_somewhere(my_box):
    tabular = {"method": "tabular", "queue": ..., "runs_on": ...}
    assert my_box(**tabular).runs_on is None
    for name in ("queue", "runs_on"):
        with pytest.raises(EngineError, match="belongs only to devices with method measured"):
            my_box(**{**tabular, name: "cpu"})


@pytest.mark.parametrize("text", ["[]", "3", "null", "{", "[" * 100_000, '{"a": 1e999}', "\ud800"])
def test_a_file_that_is_no_json_object_is_named(my_box, text):
    with pytest.raises(EngineError, match=r"mybox\.json is not a device file"):
        my_box(text.encode("utf-8", "surrogatepass").decode("latin-1"))


def test_listing_devices_does_not_import_torch():
    code = (
        "import sys; from nasengine.objectives.common.device_files import devices; devices();"
        "from nasengine.catalog import load; load('objectives', 'latency');"
        "load('estimators', 'train'); load('datasets', 'images'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Put the lock file of this test into a folder of its own."""
    monkeypatch.setattr(machine_lock.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_two_timings_never_overlap(own_folder):
    running, counts = [], []

    def time_once():
        with exclusive():
            running.append(1)
            counts.append(len(running))
            time.sleep(0.02)
            running.pop()

    threads = [threading.Thread(target=time_once) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 5


def test_waiting_for_another_process_ends_with_a_message(own_folder):
    code = (
        "import fcntl, os, sys, time\n"
        "handle = os.open(sys.argv[1], os.O_RDONLY | os.O_CREAT, 0o644)\n"
        "fcntl.flock(handle, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(600)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(lock_path())], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        started = time.monotonic()
        with pytest.raises(EngineError, match=r"have held .* for 0\.1 s"), exclusive(0.1):
            pass
        assert time.monotonic() - started >= 0.1
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    with exclusive(0.1):  # the lock was released with its holder
        handle = os.open(lock_path(), os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)


def test_a_link_in_place_of_the_lock_is_not_followed(own_folder):
    lock_path().symlink_to(own_folder / "elsewhere")
    with pytest.raises(EngineError, match="cannot be opened"), exclusive():
        pass
    assert not (own_folder / "elsewhere").exists()


def test_measuring_holds_the_lock(own_folder):
    held = []

    class TriesToLock(torch.nn.Module):
        def forward(self, images):
            with open(lock_path()) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    held.append(False)
                except BlockingIOError:
                    held.append(True)
            return images

    TriesToLock.__deepcopy__ = lambda self, memo: self
    Latency().measure(TriesToLock(), (1, 4, 4), "cpu")
    assert set(held) == {True}


def test_name_and_clock_of_the_processor_are_read(tmp_path):
    facts = tmp_path / "cpuinfo"
    facts.write_text("processor\t: 0\nmodel name\t: A: B\ncpu MHz\t\t: 2596.1\nmodel name\t: C\n")
    assert cpu_fact("model name", facts) == "A: B"
    assert cpu_fact("cpu MHz", facts) == "2596.1"
    assert cpu_fact("bogomips", facts) is None
    assert cpu_fact("model name", tmp_path / "none") is None
    clock_mhz = cpu_clock_mhz()
    assert clock_mhz is None or clock_mhz > 100


def test_a_batch_of_more_than_one_image_is_timed_as_a_whole():
    network = Sleeper(0.0)
    ten = DeviceFile(
        "ten", "", "measured", ("latency",), "", batch=10, dtype="float32", runs_on="cpu",
        warm_up=1, repetitions=1,
    )  # fmt: skip
    found = time_network(network, (3, 6, 6), ten)
    assert {call[0] for call in network.calls} == {torch.Size((10, 3, 6, 6))}
    # A device file cannot lower the number of repetitions below this minimum.
    assert len(found.milliseconds) == timing.MIN_REPETITIONS == 30

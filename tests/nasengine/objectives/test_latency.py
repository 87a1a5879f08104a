"""Latency: what a timing is made of, what is recorded, what is refused."""

import fcntl
import os
import subprocess
import sys
import threading
import time

import pytest
import torch

from nasengine.core.errors import EngineError, UnknownName
from nasengine.objectives.common.device_files import DeviceFile, device, devices, measured_device
from nasengine.objectives.latency import machine_lock, timing
from nasengine.objectives.latency.machine_lock import alone, lock_path
from nasengine.objectives.latency.objective import Latency
from nasengine.objectives.latency.processor import cpu_clock_mhz, cpu_fact, cpu_name
from nasengine.objectives.latency.timing import Timing, repeat, time_network


class Sleeper(torch.nn.Module):
    """Takes a given time; remembers how it was called."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds
        self.layer = torch.nn.Conv2d(3, 4, 3)
        self.calls = []

    def __deepcopy__(self, memo):
        return self  # so that the test sees the calls

    def forward(self, images):
        time.sleep(self.seconds)
        facts = (images.shape, self.training, torch.is_inference_mode_enabled())
        self.calls.append((*facts, torch.get_num_threads()))
        return images


def clock(values):
    """A function that returns the values in turn, for ever."""
    told = []

    def once():
        told.append(values[len(told) % len(values)])
        return told[-1]

    return once, told


def test_median_and_spread_are_those_of_the_quartiles():
    found = Timing((1.0, 2.0, 3.0, 4.0, 100.0))
    # Quartiles 2 and 4: half of their distance is 1, whatever the outlier does.
    assert (found.median, found.spread) == (3.0, 1.0)


def test_the_warm_up_is_not_counted():
    once, told = clock([50.0] * 10 + [2.0] * 1000)
    found = repeat(once, warm_up=10, repetitions=30, seconds=0.0)
    assert (len(found.milliseconds), found.median, found.spread) == (30, 2.0, 0.0)
    assert len(told) == 40


@pytest.mark.parametrize(
    ("each", "expected"),
    [(100.0, 30), (4.0, 50), (0.5, 400), (0.0001, 1000)],
)
def test_repetitions_go_on_for_their_time_within_bounds(each, expected):
    once, _ = clock([each])
    assert len(repeat(once, 10, 30, seconds=0.2).milliseconds) == expected


def test_a_known_time_is_measured():
    network = Sleeper(0.002)
    found = Latency().measure(network, (3, 6, 6), "cpu")
    assert 2.0 <= found.value < 4.0
    assert (found.objective, found.unit, found.device) == ("latency@cpu", "ms", "cpu")
    assert found.method == "measured"
    assert found.repetitions >= 30
    assert len(network.calls) == found.repetitions + 10
    assert found.detail["min"] <= found.value <= found.detail["max"]
    assert 0 <= found.spread < 1.0
    # One image, evaluation and inference mode, one thread.
    assert set(network.calls) == {(torch.Size((1, 3, 6, 6)), False, True, 1)}


def test_of_text_a_pass_is_one_word_with_a_state():
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


def test_what_a_repetition_needs_is_recorded():
    detail = Latency().measure(torch.nn.Conv2d(1, 2, 3), (1, 8, 8), "cpu").detail
    assert {key: detail[key] for key in ("batch", "dtype", "threads", "warm_up")} == {
        "batch": 1,
        "dtype": "float32",
        "threads": 1,
        "warm_up": 10,
    }
    assert detail["hardware"] == cpu_name() != ""
    assert detail["torch"] == torch.__version__


def test_the_network_and_torch_are_left_as_they_were():
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
        ("raspi4", r"latency@raspi4 comes from benchmark tables only \(HW-NAS-Bench"),
        ("fpga", "or the estimator table"),
    ],
)
def test_devices_that_cannot_be_measured_here_are_refused(name, message):
    with pytest.raises(EngineError, match=message):
        Latency().measure(torch.nn.Identity(), (1, 8, 8), name)


def test_unknown_devices_and_missing_costs_are_refused():
    with pytest.raises(UnknownName, match="'tpu' is not among the devices; known: cpu, cuda, mps,"):
        device("tpu")
    with pytest.raises(EngineError, match="energy@raspi4 does not exist: raspi4 has latency"):
        measured_device("energy", "raspi4")


def test_a_device_absent_from_this_machine_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="device cuda: this machine has none; measure on a wor"):
        Latency().measure(torch.nn.Identity(), (1, 8, 8), "cuda")


def test_every_device_file_says_how_its_costs_come_about():
    found = devices()
    assert list(found)[:3] == ["cpu", "cuda", "mps"]
    assert {"raspi4", "pixel3", "edgegpu", "eyeriss", "fpga"} <= set(found)
    for one in found.values():
        assert one.method in ("measured", "tabular")
        assert one.values in ("measured", "modelled")
        assert one.summary and one.provenance and one.costs
        assert one.batch >= 1
        if one.method == "measured":
            assert one.queue == one.runs_on == one.name
            assert one.warm_up >= 10
            assert one.repetitions >= 30
        else:
            assert (one.queue, one.runs_on) == (None, None)
    assert (found["1080ti_b256"].batch, found["eyeriss"].values) == (256, "modelled")


def test_a_broken_device_file_is_named(tmp_path, monkeypatch):
    from nasengine.objectives.common import device_files

    monkeypatch.setattr(device_files, "FOLDER", tmp_path)
    for content in ("{", '{"summary": "x"}', '{"costs": [], "colour": "red"}'):
        (tmp_path / "odd.json").write_text(content)
        device_files.devices.cache_clear()
        with pytest.raises(EngineError, match=r"odd\.json is no device file"):
            devices()
    monkeypatch.undo()
    device_files.devices.cache_clear()
    assert "cpu" in devices()


def test_the_device_list_needs_no_torch():
    code = (
        "import sys; from nasengine.objectives.common.device_files import devices; devices();"
        "from nasengine.catalog import load; load('objectives', 'latency');"
        "load('estimators', 'train'); load('datasets', 'images'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Locks of this test do not meet those of others."""
    monkeypatch.setattr(machine_lock.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_two_timings_never_overlap(own_folder):
    running, most = [], []

    def one():
        with alone():
            running.append(1)
            most.append(len(running))
            time.sleep(0.02)
            running.pop()

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 5


def test_another_process_is_waited_for_and_in_the_end_named(own_folder):
    code = (
        "import fcntl, os, sys, time\n"
        "handle = os.open(sys.argv[1], os.O_RDONLY | os.O_CREAT, 0o644)\n"
        "fcntl.flock(handle, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(lock_path())], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        started = time.monotonic()
        with pytest.raises(EngineError, match=r"timing on this machine for 0\.1 s"), alone(0.1):
            pass
        assert time.monotonic() - started >= 0.1
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    with alone(0.1):  # the lock died with its holder
        handle = os.open(lock_path(), os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)


def test_a_link_in_place_of_the_lock_is_not_followed(own_folder):
    lock_path().symlink_to(own_folder / "elsewhere")
    with pytest.raises(EngineError, match="cannot be opened"), alone():
        pass
    assert not (own_folder / "elsewhere").exists()


def test_measuring_holds_the_lock(own_folder):
    held = []

    class Looks(torch.nn.Module):
        def forward(self, images):
            with open(lock_path()) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    held.append(False)
                except BlockingIOError:
                    held.append(True)
            return images

    Looks.__deepcopy__ = lambda self, memo: self
    Latency().measure(Looks(), (1, 4, 4), "cpu")
    assert set(held) == {True}


def test_facts_of_the_processor_are_read(tmp_path):
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
    # A device file cannot go below the least number of repetitions.
    assert len(found.milliseconds) == timing.MIN_REPETITIONS == 30

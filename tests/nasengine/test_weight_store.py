"""The folder of weights: whole files or none, equal bytes, nothing but data."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasengine.core.architecture import Architecture
from nasengine.core.errors import Cancelled, EngineError
from nasengine.core.weight_store import NO_WEIGHTS, Checkpoint, MemoryWeightStore
from nasengine.execution.weight_store import FolderWeightStore

ROOT = Path(__file__).parents[2]
ARCHITECTURE = Architecture("nb201", {"cells": 1}, "|none~0|+|é~0|")


def legacy(seed=0):
    rng = np.random.default_rng(seed)
    return Checkpoint(
        ARCHITECTURE,
        {
            "stem.0.weight": rng.normal(size=(4, 1, 3, 3)).astype(np.float32),
            "stem.1.num_batches_tracked": np.array(7),
            "half": rng.normal(size=3).astype(np.float16),
            "empty": np.zeros((0, 2), np.float32),
            "odd": np.array([np.nan, np.inf, -0.0, 5e-324]),
        },
    )


def same(one, other):
    assert one.architecture == other.architecture
    assert list(one.weights) == list(other.weights)
    for name, array in one.weights.items():
        twin = other.weights[name]
        assert (array.dtype, array.shape) == (twin.dtype, twin.shape)
        assert array.tobytes() == twin.tobytes()
    return True


@pytest.fixture
def folder(tmp_path):
    return FolderWeightStore(tmp_path / "deep" / "weights")


def test_what_was_put_is_got_bit_for_bit(folder, tmp_path):
    assert folder.get(3) is None
    assert not (tmp_path / "deep").exists(), "made with the first weights alone"
    folder.put(3, legacy())
    folder.put(4, legacy(1))
    assert same(folder.get(3), legacy())
    assert same(FolderWeightStore(tmp_path / "deep" / "weights").get(4), legacy(1))
    assert folder.get(5) is None


def test_putting_again_replaces_and_equal_legacies_are_equal_files(folder, tmp_path):
    path = tmp_path / "deep" / "weights" / "0.npz"
    folder.put(0, legacy())
    first = path.read_bytes()
    folder.put(0, legacy(1))
    assert path.read_bytes() != first
    folder.put(0, legacy())
    assert path.read_bytes() == first
    assert os.listdir(path.parent) == ["0.npz"]


def test_a_file_cut_off_or_changed_anywhere_is_none_or_unharmed(folder, tmp_path):
    path = tmp_path / "deep" / "weights" / "0.npz"
    folder.put(0, legacy())
    whole = path.read_bytes()
    for cut in range(0, len(whole), 13):
        path.write_bytes(whole[:cut])
        assert folder.get(0) is None
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x11]) + whole[place + 1 :])
        found = folder.get(0)
        assert found is None or same(found, legacy())
    path.write_bytes(whole)
    assert same(folder.get(0), legacy())


def test_files_of_other_kinds_are_none_and_no_pickle_is_opened(folder, tmp_path):
    path = tmp_path / "deep" / "weights" / "0.npz"
    path.parent.mkdir(parents=True)
    opened = tmp_path / "opened"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (opened,))

    path.write_bytes(pickle.dumps(Evil()))
    assert folder.get(0) is None
    np.savez(path, legacy=np.array([Evil()], dtype=object))
    assert folder.get(0) is None
    np.savez(path, **{"legacy": np.frombuffer(b'{"version": 99}', np.uint8)})
    assert folder.get(0) is None
    np.savez(path, x=np.zeros(3))
    assert folder.get(0) is None
    assert not opened.exists()
    with pytest.raises(ValueError, match="allow_pickle"):
        folder.put(1, Checkpoint(ARCHITECTURE, {"x": np.array([Evil()], dtype=object)}))
    assert os.listdir(path.parent) == ["0.npz"]


def test_what_cannot_be_read_or_kept_is_said(folder, tmp_path):
    folder.put(0, legacy())
    path = tmp_path / "deep" / "weights" / "0.npz"
    path.unlink()
    path.mkdir()
    with pytest.raises(EngineError, match=r"0\.npz cannot be read: Is a directory; let this"):
        folder.get(0)
    with pytest.raises(EngineError, match=r"weights of candidate 0 cannot be kept in .*: Is a dir"):
        folder.put(0, legacy())
    assert os.listdir(path.parent) == ["0.npz"]
    (tmp_path / "file").write_text("x")
    elsewhere = FolderWeightStore(tmp_path / "file" / "weights")
    assert elsewhere.get(0) is None
    with pytest.raises(EngineError, match=r"cannot be kept in .*: Not a directory; make room"):
        elsewhere.put(0, legacy())


KILLED = """
import os, signal, sys
from pathlib import Path
import nasengine.execution.weight_store as module
from tests.nasengine.test_weight_store import legacy
def killed(*paths):
    os.kill(os.getpid(), signal.SIGKILL)
module.os.replace = killed
module.FolderWeightStore(Path(sys.argv[1])).put(2, legacy())
"""


def test_killed_halfway_leaves_nothing_that_counts_and_the_next_attempt_cleans_up(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    folder = FolderWeightStore(tmp_path)
    assert folder.get(2) is None
    (part,) = os.listdir(tmp_path)
    assert part.startswith(".2-") and part.endswith(".part")
    folder.put(22, legacy())
    assert part in os.listdir(tmp_path), "another candidate's, perhaps being written"
    folder.put(2, legacy())
    assert sorted(os.listdir(tmp_path)) == ["2.npz", "22.npz"]


def test_a_frozen_writer_of_the_same_candidate_gives_way(folder, tmp_path, monkeypatch):
    """It wakes up after another process has done its work and tidied up."""
    replace = os.replace

    def thawed(part, path):
        monkeypatch.setattr(os, "replace", replace)
        folder.put(0, legacy(1))
        replace(part, path)

    monkeypatch.setattr(os, "replace", thawed)
    folder.put(0, legacy())
    assert same(folder.get(0), legacy(1))
    assert os.listdir(tmp_path / "deep" / "weights") == ["0.npz"]


def test_a_turn_of_a_killed_process_is_over(folder, tmp_path):
    code = """import os, sys, time
from pathlib import Path
from nasengine.execution.weight_store import FolderWeightStore
with FolderWeightStore(Path(sys.argv[1])).lock(lambda: False):
    print("inside", flush=True)
    time.sleep(60)"""
    path = tmp_path / "deep" / "weights"
    inside = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert inside.stdout.readline() == "inside\n"
    looks = []
    with pytest.raises(Cancelled), folder.lock(lambda: looks.append(1) or len(looks) > 1):
        raise AssertionError("two are inside")
    inside.send_signal(signal.SIGKILL)
    inside.wait(10)
    inside.stdout.close()
    with folder.lock(lambda: True):
        pass


def test_a_folder_that_cannot_be_made_holds_nobody_up(tmp_path):
    (tmp_path / "file").write_text("")
    entered = False
    with FolderWeightStore(tmp_path / "file" / "weights").lock(lambda: False):
        entered = True
    assert entered


def test_memory_and_nothing():
    memory = MemoryWeightStore()
    assert memory.get(0) is None
    memory.put(0, legacy())
    assert same(memory.get(0), legacy())
    NO_WEIGHTS.put(0, legacy())
    assert NO_WEIGHTS.get(0) is None

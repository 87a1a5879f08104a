"""FolderWeightStore: atomic writes, equal bytes, no pickles."""

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

ROOT = Path(__file__).parents[3]
ARCHITECTURE = Architecture("nb201", {"cells": 1}, "|none~0|+|é~0|")


def checkpoint(seed=0):
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


def test_get_returns_what_was_put_bit_for_bit(folder, tmp_path):
    assert folder.get(3) is None
    assert not (tmp_path / "deep").exists(), "put creates the folder, get does not"
    folder.put(3, checkpoint())
    folder.put(4, checkpoint(1))
    assert same(folder.get(3), checkpoint())
    assert same(FolderWeightStore(tmp_path / "deep" / "weights").get(4), checkpoint(1))
    assert folder.get(5) is None


def test_putting_again_replaces_the_file_and_equal_checkpoints_make_equal_files(folder, tmp_path):
    path = tmp_path / "deep" / "weights" / "0.npz"
    folder.put(0, checkpoint())
    first = path.read_bytes()
    folder.put(0, checkpoint(1))
    assert path.read_bytes() != first
    folder.put(0, checkpoint())
    assert path.read_bytes() == first
    assert os.listdir(path.parent) == ["0.npz"]


def test_a_damaged_file_counts_as_missing_unless_the_damage_is_harmless(folder, tmp_path):
    path = tmp_path / "deep" / "weights" / "0.npz"
    folder.put(0, checkpoint())
    whole = path.read_bytes()
    for cut in range(0, len(whole), 13):
        path.write_bytes(whole[:cut])
        assert folder.get(0) is None
    for byte in range(0, len(whole), 7):
        path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 0x11]) + whole[byte + 1 :])
        stored = folder.get(0)
        assert stored is None or same(stored, checkpoint())
    path.write_bytes(whole)
    assert same(folder.get(0), checkpoint())


def test_files_in_other_formats_count_as_missing_and_no_pickle_is_loaded(folder, tmp_path):
    path = tmp_path / "deep" / "weights" / "0.npz"
    path.parent.mkdir(parents=True)
    loaded = tmp_path / "loaded"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (loaded,))

    path.write_bytes(pickle.dumps(Evil()))
    assert folder.get(0) is None
    np.savez(path, legacy=np.array([Evil()], dtype=object))
    assert folder.get(0) is None
    np.savez(path, **{"legacy": np.frombuffer(b'{"version": 99}', np.uint8)})
    assert folder.get(0) is None
    np.savez(path, x=np.zeros(3))
    assert folder.get(0) is None
    assert not loaded.exists()
    with pytest.raises(ValueError, match="allow_pickle"):
        folder.put(1, Checkpoint(ARCHITECTURE, {"x": np.array([Evil()], dtype=object)}))
    assert os.listdir(path.parent) == ["0.npz"]


def test_errors_of_reading_and_writing_name_the_file_and_the_reason(folder, tmp_path):
    folder.put(0, checkpoint())
    path = tmp_path / "deep" / "weights" / "0.npz"
    path.unlink()
    path.mkdir()
    with pytest.raises(EngineError, match=r"0\.npz cannot be read: Is a directory; give this"):
        folder.get(0)
    with pytest.raises(
        EngineError, match=r"weights of candidate 0 cannot be stored in .*: Is a dir"
    ):
        folder.put(0, checkpoint())
    assert os.listdir(path.parent) == ["0.npz"]
    (tmp_path / "file").write_text("x")
    elsewhere = FolderWeightStore(tmp_path / "file" / "weights")
    assert elsewhere.get(0) is None
    with pytest.raises(
        EngineError, match=r"cannot be stored in .*: Not a directory; free some space"
    ):
        elsewhere.put(0, checkpoint())


KILLED = """
import os, signal, sys
from pathlib import Path
import nasengine.execution.weight_store as module
from tests.nasengine.execution.test_weight_store import checkpoint
def killed(*paths):
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = killed
module.FolderWeightStore(Path(sys.argv[1])).put(2, checkpoint())
"""


def test_a_killed_writer_leaves_no_checkpoint_and_the_next_put_removes_its_file(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    folder = FolderWeightStore(tmp_path)
    assert folder.get(2) is None
    (part,) = os.listdir(tmp_path)
    assert part.startswith(".2-") and part.endswith(".part")
    folder.put(22, checkpoint())
    assert part in os.listdir(tmp_path), "only the same candidate removes it"
    folder.put(2, checkpoint())
    assert sorted(os.listdir(tmp_path)) == ["2.npz", "22.npz"]


def test_a_delayed_writer_of_the_same_candidate_does_not_fail(folder, tmp_path, monkeypatch):
    """It continues after another process has put the candidate and removed its file."""
    replace = os.replace

    def delayed(part, path):
        monkeypatch.setattr(os, "replace", replace)
        folder.put(0, checkpoint(1))
        replace(part, path)

    monkeypatch.setattr(os, "replace", delayed)
    folder.put(0, checkpoint())
    assert same(folder.get(0), checkpoint(1))
    assert os.listdir(tmp_path / "deep" / "weights") == ["0.npz"]


def test_the_lock_of_a_killed_process_is_released(folder, tmp_path):
    code = """import os, sys, time
from pathlib import Path
from nasengine.execution.weight_store import FolderWeightStore
with FolderWeightStore(Path(sys.argv[1])).lock(lambda: False):
    print("locked", flush=True)
    time.sleep(600)"""
    path = tmp_path / "deep" / "weights"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "locked\n"
    polls = []
    with pytest.raises(Cancelled), folder.lock(lambda: polls.append(1) or len(polls) > 1):
        raise AssertionError("two processes hold the lock")
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    holder.stdout.close()
    with folder.lock(lambda: True):
        pass


def test_a_folder_that_cannot_be_created_provides_no_lock(tmp_path):
    (tmp_path / "file").write_text("")
    entered = False
    with FolderWeightStore(tmp_path / "file" / "weights").lock(lambda: False):
        entered = True
    assert entered


def test_the_memory_store_keeps_checkpoints_and_no_weights_drops_them():
    memory = MemoryWeightStore()
    assert memory.get(0) is None
    memory.put(0, checkpoint())
    assert same(memory.get(0), checkpoint())
    NO_WEIGHTS.put(0, checkpoint())
    assert NO_WEIGHTS.get(0) is None

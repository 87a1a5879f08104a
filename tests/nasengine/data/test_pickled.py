import os
import pickle
import pickletools

import numpy as np
import pytest

from nasengine.core.errors import EngineError
from nasengine.data.cifar.pickled import read_pickled


def written(tmp_path, content):
    path = tmp_path / "batch"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol=2))
    return path


class Runs:
    """A pickle that would run a command."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i4", "<f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back_as_they_were(tmp_path, dtype, order):
    array = np.asarray(np.arange(24).reshape(2, 3, 4), dtype=dtype, order=order)
    found = read_pickled(written(tmp_path, {b"data": array, b"labels": [3, 1], "text": b"x"}))
    assert (found["data"] == array).all()
    assert found["data"].dtype == array.dtype
    assert (found["labels"], found["text"]) == ([3, 1], b"x")


def test_python_2_pickles_are_read(tmp_path):
    # As numpy under Python 2 wrote {"data": array([[1, 2], [3, 4]], uint8), "labels": [1, 0]}.
    content = (
        b"\x80\x02}q\x00(U\x04dataq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\n"
        b"q\x03K\x00\x85U\x01b\x87Rq\x04(K\x01K\x02K\x02\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01"
        b"\x87Rq\x06(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x04\x01\x02\x03"
        b"\x04tbU\x06labelsq\x07]q\x08(K\x01K\x00eu."
    )
    found = read_pickled(written(tmp_path, content))
    assert found["data"].tolist() == [[1, 2], [3, 4]]
    assert found["labels"] == [1, 0]


def test_a_pickle_that_runs_something_is_refused_and_does_not_run(tmp_path):
    ran = tmp_path / "ran"
    for call in (
        Runs(os.system, f"touch {ran}"),
        Runs(eval, f"open({str(ran)!r}, 'w')"),
        Runs(getattr, "text", "upper"),
        Runs(np.load, str(ran)),
        Runs(np.fromfile, str(ran)),
    ):
        with pytest.raises(EngineError, match="is refused, it holds"):
            read_pickled(written(tmp_path, {b"data": call, b"labels": []}))
    assert not ran.exists()


def test_the_refusal_names_what_was_found(tmp_path):
    with pytest.raises(EngineError, match=r"it holds posix\.system: a batch holds arrays, lists"):
        read_pickled(written(tmp_path, {b"data": Runs(os.system, "true")}))


def test_stand_ins_cannot_be_bent(tmp_path):
    """Opcodes that set the state of what a name stands for, on the name itself."""
    for name in (b"cnumpy.core.multiarray\n_reconstruct\n", b"c_codecs\nencode\n"):
        content = b"\x80\x02" + name + b"N}U\x01aK\x01s\x86b."
        pickletools.dis(content, out=open(os.devnull, "w"))  # noqa: SIM115
        with pytest.raises(EngineError):
            read_pickled(written(tmp_path, content))
    good = {b"data": np.arange(3, dtype=np.uint8), b"labels": [b"\xff", "x"]}
    assert read_pickled(written(tmp_path, good))["data"].tolist() == [0, 1, 2]


def test_arrays_of_objects_and_wrong_sizes_are_refused(tmp_path):
    with pytest.raises(EngineError, match="arrays of 'O8'"):
        read_pickled(written(tmp_path, {b"data": np.array([{}, None])}))
    content = pickle.dumps({b"data": np.arange(9, dtype=np.uint8)}, protocol=2)
    shorter = content.replace(b"K\t\x85", b"K\x08\x85")
    assert shorter != content
    with pytest.raises(EngineError, match="whose bytes do not fill its shape"):
        read_pickled(written(tmp_path, shorter))


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x02}q", b"\x80\xff.", b"\x80\x02."])
def test_what_is_no_pickle_is_refused_in_one_line(tmp_path, content):
    with pytest.raises(EngineError, match="fetch the file again") as refusal:
        read_pickled(written(tmp_path, content))
    assert "\n" not in str(refusal.value)


def test_a_pickle_of_anything_else_than_a_dict_is_refused(tmp_path):
    with pytest.raises(EngineError, match="holds a list: a batch is a dict"):
        read_pickled(written(tmp_path, [1]))

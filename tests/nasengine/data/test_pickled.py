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


class Calls:
    """An object whose pickle calls a function when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i4", "<f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reading_returns_the_pickled_arrays(tmp_path, dtype, order):
    array = np.asarray(np.arange(24).reshape(2, 3, 4), dtype=dtype, order=order)
    batch = read_pickled(written(tmp_path, {b"data": array, b"labels": [3, 1], "text": b"x"}))
    assert (batch["data"] == array).all()
    assert batch["data"].dtype == array.dtype
    assert (batch["labels"], batch["text"]) == ([3, 1], b"x")


def test_python_2_pickles_are_read(tmp_path):
    # Written by numpy under Python 2: {"data": array([[1, 2], [3, 4]], uint8), "labels": [1, 0]}.
    content = (
        b"\x80\x02}q\x00(U\x04dataq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\n"
        b"q\x03K\x00\x85U\x01b\x87Rq\x04(K\x01K\x02K\x02\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01"
        b"\x87Rq\x06(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x04\x01\x02\x03"
        b"\x04tbU\x06labelsq\x07]q\x08(K\x01K\x00eu."
    )
    batch = read_pickled(written(tmp_path, content))
    assert batch["data"].tolist() == [[1, 2], [3, 4]]
    assert batch["labels"] == [1, 0]


@pytest.mark.trap(29)
def test_a_pickle_that_calls_a_function_is_refused_without_calling_it(tmp_path):
    ran = tmp_path / "ran"
    for call in (
        Calls(os.system, f"touch {ran}"),
        Calls(eval, f"open({str(ran)!r}, 'w')"),
        Calls(getattr, "text", "upper"),
        Calls(np.load, str(ran)),
        Calls(np.fromfile, str(ran)),
    ):
        with pytest.raises(EngineError, match="is refused, it holds"):
            read_pickled(written(tmp_path, {b"data": call, b"labels": []}))
    assert not ran.exists()


def test_the_message_names_the_refused_function(tmp_path):
    with pytest.raises(EngineError, match=r"it holds posix\.system: a batch holds only arrays"):
        read_pickled(written(tmp_path, {b"data": Calls(os.system, "true")}))


def test_a_pickle_cannot_modify_the_replaced_functions(tmp_path):
    """The opcodes set attributes of the function itself, not of an array."""
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
def test_files_in_other_formats_are_refused_with_a_one_line_message(tmp_path, content):
    with pytest.raises(EngineError, match="download the file again") as refusal:
        read_pickled(written(tmp_path, content))
    assert "\n" not in str(refusal.value)


def test_a_pickle_of_another_type_than_dict_is_refused(tmp_path):
    with pytest.raises(EngineError, match="holds a list: a batch is a dict"):
        read_pickled(written(tmp_path, [1]))

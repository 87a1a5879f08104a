import gzip

import numpy as np
import pytest

from nasengine.core.errors import DataMissing, EngineError
from nasengine.data.common.named import named_dataset
from nasengine.data.fashion_mnist.idx import read_idx
from tests.fixtures.dataset_files import labelled, write_fashion, write_idx


@pytest.mark.parametrize("name", ["plain", "packed.gz"])
@pytest.mark.parametrize("shape", [(7,), (3, 4, 5)])
def test_reading_returns_the_written_array(tmp_path, name, shape):
    array = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    write_idx(tmp_path / name, array)
    assert (read_idx(tmp_path / name) == array).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with"),
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00", "starts with '00 00 0d 01'"),
        (b"\x00\x00\x08\x01\x00\x00", "cannot be read"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x03ab", "declares 3 bytes and holds 2"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x03abcd", "declares 3 bytes and holds more"),
        (b"\x00\x00\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "declares 18,446,"),
    ],
)
def test_invalid_files_are_refused_with_a_one_line_message(tmp_path, content, message):
    for name, packed in (("plain", content), ("packed.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(packed)
        with pytest.raises(EngineError, match=message) as refusal:
            read_idx(tmp_path / name)
        assert "\n" not in str(refusal.value)


def test_a_damaged_gzip_file_is_refused(tmp_path):
    path = tmp_path / "file.gz"
    write_idx(path, np.arange(200, dtype=np.uint8))
    for content in (path.read_bytes()[:-30], b"no gzip", path.read_bytes()[:12] + b"\xff" * 60):
        path.write_bytes(content)
        with pytest.raises(EngineError, match="cannot be read"):
            read_idx(path)


def test_fashion_mnist_reads_plain_and_compressed_files_alike(tmp_path):
    plain = named_dataset("fashion-mnist", {"path": str(write_fashion(tmp_path / "plain"))})
    packed = named_dataset("fashion-mnist", {"path": str(write_fashion(tmp_path / "gz", ".gz"))})
    assert plain.facts() == packed.facts()
    facts = plain.facts()
    assert (facts.shape, facts.classes) == ((1, 28, 28), 10)
    assert (facts.train, facts.valid, facts.test) == (180, 20, 50)
    images, labels = labelled(50, (28, 28), 10, seed=2)
    test = plain.test_part()
    assert (test.labels.numpy() == labels).all()
    # Normalisation is linear, so normalised and stored pixels correlate perfectly.
    normalised, stored = test.images.numpy().ravel(), images.ravel().astype(float)
    assert np.corrcoef(normalised, stored)[0, 1] == pytest.approx(1, abs=1e-6)


def test_a_missing_file_is_named(tmp_path):
    folder = write_fashion(tmp_path)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataMissing, match=r"no t10k-labels-idx1-ubyte\[.gz\]"):
        named_dataset("fashion-mnist", {"path": str(folder)}).facts()


def test_labels_instead_of_images_are_refused(tmp_path):
    folder = write_fashion(tmp_path)
    write_idx(folder / "train-images-idx3-ubyte", np.zeros(200, np.uint8))
    with pytest.raises(EngineError, match="has 1 dimensions: images have 3"):
        named_dataset("fashion-mnist", {"path": str(folder)}).facts()
    write_idx(folder / "train-images-idx3-ubyte", np.zeros((199, 28, 28), np.uint8))
    with pytest.raises(EngineError, match="199 images have 200 labels"):
        named_dataset("fashion-mnist", {"path": str(folder)}).facts()

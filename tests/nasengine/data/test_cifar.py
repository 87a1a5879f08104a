import pickle

import numpy as np
import pytest

from nasengine.core.errors import DataMissing, EngineError
from nasengine.data.common.named import named_dataset
from tests.fixtures.dataset_files import (
    cifar_parts,
    write_cifar_binary,
    write_cifar_npz,
    write_cifar_python,
)

WRITERS = [write_cifar_python, write_cifar_binary, write_cifar_npz]


def cifar(path, classes=10, **more):
    return named_dataset(f"cifar{classes}", {"path": str(path), **more})


@pytest.mark.parametrize("classes", [10, 100])
def test_every_form_gives_the_same_data(tmp_path, classes):
    python, binary, npz = (
        cifar(write(tmp_path / write.__name__, classes), classes) for write in WRITERS
    )
    facts = python.facts()
    assert facts == binary.facts() == npz.facts()
    sizes = (900, 100, 1000) if classes == 100 else (180, 20, 40)
    assert (facts.train, facts.valid, facts.test) == sizes
    assert (facts.shape, facts.classes) == ((3, 32, 32), classes)
    *_, (_, labels) = cifar_parts(classes).values()
    assert (python.test_part().labels.numpy() == labels).all()


def test_normalised_pixels_keep_their_positions(tmp_path):
    dataset = cifar(write_cifar_python(tmp_path))
    train, valid = dataset.search_parts()
    test = dataset.test_part()
    *_, (images, _) = cifar_parts(10).values()
    for channel in range(3):
        assert train.images[:, channel].mean().abs() < 1e-5
        assert train.images[:, channel].std().item() == pytest.approx(1, abs=1e-4)
        stored, normalised = images[:, channel].ravel(), test.images[:, channel].ravel().numpy()
        assert np.corrcoef(stored, normalised)[0, 1] == pytest.approx(1, abs=1e-6)
    assert len(valid.labels) == 20


def test_the_parent_folder_of_the_batches_is_accepted(tmp_path):
    below = cifar(write_cifar_python(tmp_path / "cifar-10-batches-py"))
    assert cifar(tmp_path).facts() == below.facts()


def test_one_npz_file_with_four_arrays_is_accepted(tmp_path):
    *train, test = cifar_parts(10).values()
    images, labels = (np.concatenate(arrays) for arrays in zip(*train, strict=True))
    np.savez(
        tmp_path / "c.npz", x_train=images, y_train=labels[:, None], x_test=test[0], y_test=test[1]
    )
    assert cifar(tmp_path / "c.npz").facts() == cifar(write_cifar_python(tmp_path / "py")).facts()
    np.savez(tmp_path / "half.npz", x_train=images, y_train=labels)
    with pytest.raises(EngineError, match="has no test part"):
        cifar(tmp_path / "half.npz").facts()


def test_incomplete_folders_are_refused(tmp_path):
    write_cifar_python(tmp_path)
    (tmp_path / "data_batch_3").unlink()
    with pytest.raises(DataMissing, match="has no complete set of data_batch_1"):
        cifar(tmp_path).facts()


def test_changed_files_are_read_again(tmp_path):
    dataset = cifar(write_cifar_binary(tmp_path))
    before = dataset.facts()
    path = tmp_path / "test_batch.bin"
    path.write_bytes(path.read_bytes()[: 30 * 3073])
    assert (before.test, dataset.facts().test) == (40, 30)
    assert dataset.facts().digest != before.digest


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({b"labels": [1]}, "has no images"),
        ({b"data": np.zeros((1, 3072), np.float32), b"labels": [1]}, "has no images"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [1, 2]}, "has no labels for its"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": ["a"]}, "has no labels for its"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}, "labels range from 0 to 10"),
    ],
)
def test_batches_with_missing_or_invalid_entries_are_refused(tmp_path, batch, message):
    write_cifar_python(tmp_path)
    (tmp_path / "data_batch_2").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(EngineError, match=message):
        cifar(tmp_path).facts()


def test_a_truncated_binary_batch_is_refused(tmp_path):
    write_cifar_binary(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(b"\0" * 3000)
    with pytest.raises(EngineError, match="has 3,000 bytes: rows have 3,073"):
        cifar(tmp_path).facts()

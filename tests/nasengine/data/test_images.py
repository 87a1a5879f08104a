import numpy as np
import pytest
import torch
from PIL import Image

from nasengine.core.errors import DataMissing, EngineError, InvalidSettings
from nasengine.data.common.named import named_dataset
from tests.fixtures.dataset_files import encoded, labelled, write_class_folders, write_jpeg_npz
from tests.real_data import real_data


def images(path, **more):
    return named_dataset("images", {"path": str(path), **more})


def test_a_folder_of_classes_is_read_in_alphabetical_order(tmp_path):
    write_class_folders(tmp_path, ("dog", "ant", "cat"), count=30)
    facts = images(tmp_path, size=8).facts()
    assert (facts.shape, facts.classes) == ((3, 8, 8), 3)
    assert (facts.train, facts.valid, facts.test) == (65, 7, 18)
    counts = torch.bincount(images(tmp_path, size=8).test_part().labels)
    assert counts.tolist() == [6, 6, 6]


def test_folders_named_train_and_test_are_the_parts(tmp_path):
    write_class_folders(tmp_path / "train", ("ant", "bee", "cat"), count=20)
    write_class_folders(tmp_path / "test", ("ant", "cat"), count=5)
    dataset = images(tmp_path, size=8)
    assert (dataset.facts().classes, dataset.facts().test) == (3, 10)
    assert dataset.test_part().labels.tolist() == [0] * 5 + [2] * 5
    write_class_folders(tmp_path / "test", ("eel",), count=1)
    with pytest.raises(DataMissing, match="the class 'eel', which is not in train"):
        dataset.facts()


def test_colour_and_size_set_the_image_shape(tmp_path):
    write_class_folders(tmp_path)
    assert images(tmp_path, size=16, colour=False).facts().shape == (1, 16, 16)
    with pytest.raises(InvalidSettings, match=r"must be at least 4 \(got 2\)"):
        images(tmp_path, size=2)


def test_an_image_of_the_right_size_is_not_resampled(tmp_path):
    pixels, _ = labelled(40, (8, 8, 3), 2)
    for i, image in enumerate(pixels):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        (tmp_path / "ab"[i % 2] / f"{i:02}.png").write_bytes(encoded(image, "PNG"))
    stored = images(tmp_path, size=8).read()
    sums = sorted(int(image.sum()) for image in (*stored.images, *stored.test_images))
    assert sums == sorted(int(image.sum()) for image in pixels)


@pytest.mark.parametrize(
    "shape", [(60, 8, 8), (60, 8, 8, 1), (60, 1, 8, 8), (60, 8, 8, 3), (60, 3, 8, 8)]
)
def test_npz_arrays_of_every_layout_are_read(tmp_path, shape):
    pixels, labels = labelled(60, shape[1:], 3)
    np.savez(tmp_path / "data.npz", images=pixels, labels=labels)
    stored = images(tmp_path / "data.npz", size=8, colour=3 in shape).read()
    assert len(stored.labels) == 48
    assert int(stored.images.sum()) + int(stored.test_images.sum()) == int(pixels.sum())


def test_npz_of_jpeg_files_is_read(tmp_path):
    facts = images(write_jpeg_npz(tmp_path / "j.npz"), size=16).facts()
    assert (facts.classes, facts.train + facts.valid, facts.test) == (3, 48, 12)


def test_test_path_names_a_separate_test_file(tmp_path):
    path, other = write_jpeg_npz(tmp_path / "a.npz"), write_jpeg_npz(tmp_path / "b.npz", 30)
    facts = images(path, test_path=str(other)).facts()
    assert (facts.train + facts.valid, facts.test) == (60, 30)
    assert facts.digest != images(path).facts().digest


def test_published_jpegs_have_the_published_channel_means(tmp_path):
    path = real_data("cifar10_test5k_jpeg.npz")
    if path is None:
        path = write_jpeg_npz(tmp_path / "own.npz", 500)
        with np.load(path) as own:
            assert len(own["labels"]) == 500
        expected, classes = [0.5, 0.5, 0.5], 3
    else:
        expected, classes = [0.4913, 0.4821, 0.4465], 10
    stored = images(path).read()
    assert stored.classes == classes
    assert stored.images.mean(axis=(0, 2, 3)) / 255 == pytest.approx(expected, abs=0.02)


def test_the_digest_depends_on_pixels_and_labels(tmp_path):
    pixels, labels = labelled(60, (8, 8, 3), 3)
    digests = set()
    for changed in (False, True):
        for shifted in (False, True):
            pixels[0, 0, 0, 0] = 7 if changed else 8
            np.savez(tmp_path / "d.npz", images=pixels, labels=np.roll(labels, int(shifted)))
            digests.add(images(tmp_path / "d.npz").facts().digest)
    assert len(digests) == 4


def test_the_message_names_an_image_that_cannot_be_decoded(tmp_path):
    write_class_folders(tmp_path)
    whole = (tmp_path / "cat" / "001.png").read_bytes()
    for content in (b"no image", whole[:60], b"GIF89a" + b"\0" * 50):
        (tmp_path / "cat" / "001.png").write_bytes(content)
        with pytest.raises(EngineError, match=r"cat/001.png cannot be decoded") as refusal:
            images(tmp_path).facts()
        assert "\n" not in str(refusal.value)


def test_a_picture_of_too_many_pixels_is_refused(tmp_path, monkeypatch):
    write_class_folders(tmp_path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(EngineError, match="cannot be decoded"):
        images(tmp_path).facts()


def test_empty_and_single_classes_are_refused(tmp_path):
    with pytest.raises(DataMissing, match="holds no class"):
        images(tmp_path).facts()
    write_class_folders(tmp_path, ("cat",))
    with pytest.raises(EngineError, match="1 class found"):
        images(tmp_path).facts()
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataMissing, match="dog holds no image"):
        images(tmp_path).facts()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": np.zeros(3)}, "holds pictures: it needs images and labels"),
        (
            {"images": np.full((4, 8, 8), -0.5), "labels": np.arange(4)},
            "are float64 numbers from -0.5 to -0.5: store them as uint8",
        ),
        ({"images": np.full((4, 8, 8), np.nan), "labels": np.arange(4)}, "not all finite"),
        ({"images": np.zeros((0, 8, 8), np.uint8), "labels": np.arange(0)}, "holds no pixel"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": np.array([0, 2**40])}, "from 0 to"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": np.array([-1, 1])}, "from -1 to 1"),
        ({"images": np.zeros((4, 8), np.uint8), "labels": np.arange(4)}, "have the shape"),
        ({"images": np.zeros((4, 8, 8), np.uint8), "labels": np.arange(3)}, "has 3 labels"),
        ({"images": np.zeros((4, 8, 8), np.uint8), "labels": np.ones(4)}, "of type float64"),
        (
            {"jpeg": np.zeros(9, np.uint8), "offsets": np.array([0, 20]), "labels": np.arange(1)},
            "do not increase within jpeg",
        ),
        ({"images": np.array([{}, {}]), "labels": np.arange(2)}, "is not an .npz file of numbers"),
    ],
)
def test_npz_files_with_other_content_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(EngineError, match=message):
        images(tmp_path / "x.npz").facts()


def test_files_in_other_formats_are_refused_as_npz(tmp_path):
    for content in (b"", b"text", b"PK\x03\x04 broken"):
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(EngineError, match=r"is not an \.npz file of numbers"):
            images(tmp_path / "x.npz").facts()


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (np.linspace(0, 1, 64, dtype=np.float32), [0, 128, 255]),
        (np.linspace(0, 255, 64).round(), [0, 129, 255]),
        (np.linspace(0, 255, 64).round().astype(np.int64), [0, 129, 255]),
        (np.linspace(0, 65535, 64).round().astype(np.uint16), [0, 129, 255]),
        (np.arange(64) >= 32, [0, 255, 255]),
    ],
)
def test_npz_numbers_of_usual_scales_are_converted_and_counted(tmp_path, numbers, expected):
    arrays = np.broadcast_to(numbers.reshape(8, 8), (60, 8, 8))
    np.savez(tmp_path / "x.npz", images=arrays, labels=np.arange(60) % 3)
    dataset = images(tmp_path / "x.npz", size=8, colour=False)
    pixels = dataset.read().images[0].ravel()
    assert np.abs(pixels[[0, 32, 63]].astype(int) - expected).max() <= 2
    (group,) = dataset.report().converted
    assert group.count == 60

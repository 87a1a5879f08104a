"""Image folders that are read while a network trains: parts, crops, processes, memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nasengine.core.errors import DataMissing, EngineError
from nasengine.data.common import lazy
from nasengine.data.common.lazy import ImageForm, LazyPart
from nasengine.data.common.named import named_dataset
from nasengine.execution.final import FinalJob, measure_again, train_once
from nasengine.execution.protocols import find_protocol
from tests.fixtures.dataset_files import encoded
from tests.fixtures.stored_networks import tiny

ROOT = Path(__file__).parents[3]
FORM = ImageForm(8, True, 10)


def write_folder(folder, classes=("ant", "bee"), count=30, side=12, seed=0):
    """Write grey-levelled JPEG files whose brightness says the class."""
    rng = np.random.default_rng(seed)
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 60, (side, side + number % 5, 3), dtype=np.uint8) + 90 * label
            (folder / name / f"{number}.jpg").write_bytes(encoded(pixels.astype(np.uint8), "JPEG"))
    return folder


def dataset(path, **more):
    settings = {"path": str(path), "size": 8, "valid_share": 0.2, "workers": 0, **more}
    return named_dataset("image-folder", settings)


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """Folders train and val, as ImageNet has them."""
    folder = tmp_path_factory.mktemp("imagenet")
    write_folder(folder / "train", count=30)
    write_folder(folder / "val", count=6, seed=1)
    return folder


def test_train_and_val_are_the_parts(imagenet):
    facts = dataset(imagenet).facts()
    assert (facts.shape, facts.classes) == ((3, 8, 8), 2)
    assert (facts.train, facts.valid, facts.test) == (48, 12, 12)
    assert dataset(imagenet).labels() == ("ant", "bee")
    test = dataset(imagenet).test_part()
    assert isinstance(test, LazyPart) and test.labels.tolist() == [0] * 6 + [1] * 6


def test_a_search_holds_a_limited_part_and_a_final_training_reads_all(imagenet):
    limited = dataset(imagenet, limit=20)
    train, valid = limited.search_parts()
    assert (len(train.labels), len(valid.labels)) == (16, 4)
    train, valid = limited.final_parts()
    assert (len(train), len(valid)) == (48, 12)
    assert limited.facts().digest == dataset(imagenet).facts().digest
    assert limited.preprocessing() == dataset(imagenet).preprocessing()


def test_the_digest_changes_with_the_files(tmp_path):
    write_folder(tmp_path)
    before = dataset(tmp_path).facts()
    write_folder(tmp_path, ("cat",))
    after = dataset(tmp_path).facts()
    assert before.digest != after.digest
    assert (before.classes, after.classes) == (2, 3)


def test_inputs_are_the_normalised_centre(tmp_path):
    """The shorter side becomes `resize`, then the centre is cut out."""
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, 10:30] = 200  # the middle half
    Image.fromarray(pixels).save(tmp_path / "x.png")
    form = ImageForm(16, True, 20)
    centre = form.centre((tmp_path / "x.png").read_bytes(), "x")
    assert centre.shape == (3, 16, 16) and (centre == 200).all()
    wide = ImageForm(20, False, 20).centre((tmp_path / "x.png").read_bytes(), "x")
    assert wide.shape == (1, 20, 20) and (wide == 200).all()


def test_random_crops_are_parts_of_the_picture():
    ramp = np.broadcast_to(np.arange(0, 240, 4, dtype=np.uint8)[None, :, None], (60, 60, 3))
    content = encoded(np.ascontiguousarray(ramp), "PNG")
    chance = np.random.default_rng(0)
    widths = []
    for _ in range(200):
        cut = FORM.random_crop(content, "x", 0.08, chance)[0]
        assert cut.shape == (8, 8) and (np.diff(cut[0].astype(int)) >= 0).all()
        widths.append(int(cut[0, -1]) - int(cut[0, 0]))
    # From a part of 0.08 of the area (a width of a fifth at 3/4) to nearly all.
    assert min(widths) < 70 and max(widths) > 180


def test_the_seed_and_the_image_decide_a_crop_whichever_process_cuts_it(imagenet):
    train, _ = dataset(imagenet).final_parts()
    orders = [np.arange(8), np.arange(8, 16)]

    def batches(part, seed, chosen):
        return [pixels for pixels, _ in part.batches(chosen, smallest=0.1, seed=seed)]

    here = batches(train, (1, 1), orders)
    processes, _ = dataset(imagenet, workers=2).final_parts()
    assert processes.workers == 2
    for one, two in zip(here, batches(processes, (1, 1), orders), strict=True):
        assert torch.equal(one, two)
    assert not torch.equal(here[0], batches(train, (1, 2), orders)[0])
    assert torch.equal(here[1], batches(train, (1, 1), orders[1:])[0])


def test_batches_have_the_labels_of_their_images(imagenet):
    train, _ = dataset(imagenet).final_parts()
    ((pixels, labels),) = train.batches([np.arange(len(train))])
    brightness = pixels.float().mean((1, 2, 3))
    assert ((brightness > 70).long() == labels).all() and labels.float().mean() == 0.5
    assert train.inputs(pixels).mean((0, 2, 3)).abs().max() < 1e-4
    assert torch.equal(train.images, train.inputs(pixels))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_cannot_be_decoded_is_named(tmp_path, workers):
    write_folder(tmp_path / "train", count=20)
    write_folder(tmp_path / "test", count=5)
    part = dataset(tmp_path, workers=workers).test_part()
    (tmp_path / "test" / "bee" / "3.jpg").write_bytes(b"broken")
    with pytest.raises(EngineError, match=r"bee/3\.jpg cannot be decoded") as caught:
        list(part.batches([np.arange(len(part))]))
    assert "\n" not in str(caught.value)


def test_more_images_than_fit_into_memory_are_refused_for_a_search(imagenet, monkeypatch):
    monkeypatch.setattr(lazy, "MAX_IN_MEMORY", 20_000)
    with pytest.raises(EngineError, match=r"48 images of 8 x 8 pixels need .* lower limit"):
        dataset(imagenet).search_parts()


@pytest.mark.parametrize(
    ("classes", "message"),
    [(("ant",), "1 class folders"), (("ant", "bee"), "bee holds no image")],
)
def test_folders_without_two_classes_of_images_are_refused(tmp_path, classes, message):
    write_folder(tmp_path, classes[:1])
    for name in classes[1:]:
        (tmp_path / name).mkdir()
    with pytest.raises(DataMissing, match=message):
        dataset(tmp_path).facts()


def test_a_class_of_the_test_folder_that_is_not_in_train_is_refused(tmp_path):
    write_folder(tmp_path / "train")
    write_folder(tmp_path / "test", ("eel",))
    with pytest.raises(DataMissing, match="the class 'eel', which is not in train"):
        dataset(tmp_path).facts()


def test_the_report_counts_the_pictures(imagenet):
    report = dataset(imagenet).report()
    assert report.parts == {"train": 48, "valid": 12, "test": 12}
    assert report.checked == report.total == 72


def test_a_network_is_trained_and_measured_on_files(imagenet, tmp_path):
    """With crops, colour jitter and flips of the mobile setting."""
    protocol = find_protocol("nasnet-a-mobile").changed(epochs=2, batch_size=10, warm_up=0.5)
    settings = {"path": str(imagenet), "size": 8, "valid_share": 0.2, "workers": 1}
    job = FinalJob(tiny(), protocol, "image-folder", settings, cells=2, channels=4, threads=1)
    outcome = train_once(job, tmp_path)
    assert (outcome.state, outcome.reason, outcome.test_reads) == ("done", "", 1)
    assert outcome.values["test_error"] < 50
    assert outcome.curve[0]["images_per_second"] == round(60 / outcome.curve[0]["seconds"], 1)
    assert measure_again(tmp_path, threads=1) == outcome.measurements[:1]


MEMORY = """
import json, resource, sys
from pathlib import Path
from nasengine.execution.final import FinalJob, train_once
from nasengine.execution.protocols import find_protocol
from tests.fixtures.stored_networks import tiny
peaks = []
for path in sys.argv[1:]:
    config = {"path": path, "size": 96, "workers": 0, "valid_share": 0.2}
    protocol = find_protocol("quick").changed(epochs=1, batch_size=20, resized_crop=0.5)
    job = FinalJob(tiny(), protocol, "image-folder", config, threads=1)
    outcome = train_once(job, Path(path) / "network")
    assert outcome.state == "done", outcome.reason
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
print(json.dumps(peaks))
"""


def test_memory_does_not_grow_with_the_data_set(tmp_path):
    """Four times as many images raise the peak by much less than they would occupy."""
    count = 100
    folders = [tmp_path / "small", tmp_path / "large"]
    for folder, classes in zip(folders, (count // 2, 2 * count), strict=True):
        write_folder(folder / "train", count=classes, side=24)
        write_folder(folder / "test", count=10, side=24)
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, *map(str, folders)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    small, large = json.loads(run.stdout)
    added = 3 * count * 3 * 96 * 96 * 4  # bytes of the added images as inputs
    assert large - small < added / 2, (small, large, added)

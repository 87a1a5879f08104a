"""The report of a data set: every file is read, converted, skipped or refused with a reason."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from nasengine.core.data_report import DataReport
from nasengine.core.errors import EngineError
from nasengine.data.common import pictures
from nasengine.data.common.named import named_dataset
from nasengine.data.common.pictures import read_picture
from tests.fixtures.dataset_files import encoded, labelled, write_class_folders

# The first bytes of a file that macOS adds to a folder on a foreign disk.
APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X        " + b"\0" * 50


def images(path, **more):
    return named_dataset("images", {"path": str(path), **more})


def reasons(groups):
    return {group.reason: group.count for group in groups}


def opened(tmp_path, image, name="x.png", mode="RGB", **options):
    image.save(tmp_path / name, **options)
    picture = read_picture((tmp_path / name).read_bytes(), name, mode)
    return np.asarray(picture.image), picture.conversions


def test_sixteen_bit_grey_is_scaled_not_cut_to_white(tmp_path):
    deep = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    pixels, conversions = opened(tmp_path, Image.fromarray(deep))
    assert pixels[..., 0].ravel().tolist() == list(range(256))
    assert conversions == (pictures.SIXTEEN_BITS, pictures.GREY_AS_COLOUR)


def test_transparent_pixels_become_white_and_are_counted(tmp_path):
    layered = Image.new("RGBA", (4, 4), (200, 0, 0, 0))
    layered.paste((200, 0, 0, 255), (0, 0, 2, 4))
    pixels, conversions = opened(tmp_path, layered)
    assert (pixels[0, 0].tolist(), pixels[0, 3].tolist()) == ([200, 0, 0], [255, 255, 255])
    assert conversions == (pictures.TRANSPARENT,)
    opaque = Image.new("RGBA", (4, 4), (200, 0, 0, 255))
    assert opened(tmp_path, opaque)[1] == ()
    grey = Image.new("LA", (4, 4), (10, 0))
    pixels, conversions = opened(tmp_path, grey, mode="L")
    assert (pixels.max(), conversions) == (255, (pictures.TRANSPARENT,))


def test_palette_one_bit_and_cmyk_pictures_keep_their_colours(tmp_path):
    red = Image.new("RGB", (4, 4), (250, 0, 0))
    pixels, conversions = opened(tmp_path, red.quantize(4))
    assert (pixels[0, 0].tolist(), conversions) == ([250, 0, 0], (pictures.PALETTE,))
    pixels, conversions = opened(tmp_path, Image.new("1", (4, 4), 1))
    assert (pixels.min(), conversions) == (255, (pictures.ONE_BIT,))
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    pixels, conversions = opened(tmp_path, cmyk, "x.jpg")
    assert conversions == (pictures.CMYK,)
    assert np.abs(pixels[0, 0].astype(int) - [255, 0, 0]).max() < 16


def test_photographs_are_turned_as_their_camera_says(tmp_path):
    tall = Image.new("RGB", (8, 4))
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    pixels, conversions = opened(tmp_path, tall, "x.jpg", exif=exif)
    assert (pixels.shape, conversions) == ((8, 4, 3), (pictures.TURNED,))


def test_of_an_animation_the_first_frame_is_read(tmp_path):
    frames = [Image.new("RGB", (4, 4), (shade, 0, 0)) for shade in (10, 200)]
    pixels, conversions = opened(tmp_path, frames[0], save_all=True, append_images=frames[1:])
    assert (pixels[0, 0, 0], conversions) == (10, (pictures.FIRST_FRAME,))


def test_truncated_pictures_and_pictures_of_too_many_pixels_are_refused(tmp_path):
    whole = encoded(np.zeros((64, 64, 3), np.uint8), "JPEG")
    with pytest.raises(EngineError, match=r"x\.jpg cannot be decoded"):
        read_picture(whole[: len(whole) // 2], "x.jpg", "RGB")
    # A bomb: 80 million black pixels in 10 kB; nothing of it is decoded.
    Image.new("1", (10_000, 8_000)).save(tmp_path / "bomb.png")
    with pytest.raises(EngineError, match="10000 x 8000 pixels, more than 50,000,000"):
        read_picture((tmp_path / "bomb.png").read_bytes(), "bomb.png", "RGB")


def test_files_of_operating_systems_are_skipped_and_counted(tmp_path):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    before = images(tmp_path).facts()
    (tmp_path / "ant" / "._1.png").write_bytes(APPLE_DOUBLE)
    (tmp_path / "bee" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "bee" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "__MACOSX" / "ant").mkdir(parents=True)
    assert images(tmp_path).facts() == before
    report = images(tmp_path).report()
    assert reasons(report.skipped) == {"file of an operating system": 4}
    assert report.read == 60


def test_every_file_that_is_not_read_is_counted_with_its_reason(tmp_path):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    for name in ("1.gif", "2.TIFF", "notes.txt", "3"):
        (tmp_path / "ant" / name).write_bytes(b"x")
    (tmp_path / "ant" / "more").mkdir()
    (tmp_path / "labels.csv").write_text("a")
    report = images(tmp_path).report()
    assert reasons(report.skipped) == {
        "not an image format that is read (.gif)": 1,
        "not an image format that is read (.tiff)": 1,
        "not an image format that is read (.txt)": 1,
        "not an image format that is read (no ending)": 1,
        "folder inside the folder of a class": 1,
        "not in the folder of a class": 1,
    }


def test_files_next_to_train_and_test_are_counted(tmp_path):
    write_class_folders(tmp_path / "train", ("ant", "bee"), count=20)
    write_class_folders(tmp_path / "test", ("ant", "bee"), count=5)
    write_class_folders(tmp_path / "extra", ("ant",), count=5)
    report = images(tmp_path).report()
    assert reasons(report.skipped) == {"next to the folders train and test": 1}
    assert [(one.name, one.search, one.test) for one in report.classes] == [
        ("ant", 20, 5),
        ("bee", 20, 5),
    ]


def test_identical_pictures_one_class_and_shared_test_pictures_are_said(tmp_path):
    pixels, labels = labelled(60, (8, 8), 3)
    same = np.zeros_like(pixels)
    np.savez(tmp_path / "same.npz", images=same, labels=labels)
    assert "All 60 pictures are identical" in images(tmp_path / "same.npz").report().notes[0]
    np.savez(tmp_path / "one.npz", images=pixels, labels=np.zeros(60, int))
    assert "one class" in images(tmp_path / "one.npz").report().problems[0]
    np.savez(
        tmp_path / "leak.npz",
        images=pixels,
        labels=labels,
        test_images=pixels[:10],
        test_labels=labels[:10],
    )
    report = images(tmp_path / "leak.npz").report()
    assert (report.duplicates, report.identical) == (10, 10)
    assert any(note.startswith("10 pictures of the test part") for note in report.notes)


def test_small_pictures_that_are_enlarged_are_said(tmp_path):
    pixels, labels = labelled(60, (8, 8, 3), 3)
    np.savez(tmp_path / "small.npz", images=pixels, labels=labels)
    report = images(tmp_path / "small.npz").report()
    assert (report.sizes, report.input_size) == ({"8x8": 60}, "32x32")
    assert "enlarged to 32x32" in report.notes[0]
    assert "set size to 8 to keep them" in report.notes[0]
    assert images(tmp_path / "small.npz", size=8).report().notes == ()


def test_classes_that_differ_in_case_or_size_are_said(tmp_path):
    write_class_folders(tmp_path, ("Cat", "cat"), count=20)
    write_class_folders(tmp_path, ("dog",), count=2)
    notes = " ".join(images(tmp_path).report().notes)
    assert "differ only in case: Cat, cat" in notes
    assert "Fewer than 10 pictures of dog" in notes


def test_every_damaged_file_is_named_at_once(tmp_path):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    for name in ("001.png", "002.png"):
        (tmp_path / "ant" / name).write_bytes(b"no image")
    problems = sorted(images(tmp_path).report().problems)
    assert [("001.png" in problem, "002.png" in problem) for problem in problems] == [
        (True, False),
        (False, True),
    ]
    for number in range(3, 9):
        (tmp_path / "ant" / f"{number:03}.png").write_bytes(b"no image")
    *named, rest = images(tmp_path).report().problems
    assert (len(named), rest) == (5, "3 more pictures cannot be decoded")


def test_a_limit_bounds_the_pictures_that_are_decoded(tmp_path):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    report = images(tmp_path).report(limit=7)
    assert (report.checked, report.total, report.complete) == (7, 60, False)
    assert sum(report.parts.values()) == 60


def test_a_loop_of_links_is_skipped_or_refused(tmp_path):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    (tmp_path / "ant" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    report = images(tmp_path).report()
    assert reasons(report.skipped) == {
        "folder inside the folder of a class": 1,
        "not in the folder of a class": 1,
    }
    (tmp_path / "bee" / "gone.png").symlink_to(tmp_path / "nothing.png")
    with pytest.raises(EngineError, match=r"gone\.png"):
        images(tmp_path).report()


def test_a_report_is_json_and_back_and_needs_no_torch(tmp_path):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    report = images(tmp_path).report()
    stored = json.loads(json.dumps(report.to_json()))
    assert DataReport.from_json({**stored, "later": 1}) == report
    code = (
        "import sys; from nasengine.data.common.named import named_dataset as n; "
        "n('digits', {}).report(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["digits", "pydoc-text"])
def test_the_report_agrees_with_the_facts(name):
    dataset = named_dataset(name, {})
    facts, report = dataset.facts(), dataset.report()
    assert dict(report.parts) == {"train": facts.train, "valid": facts.valid, "test": facts.test}
    assert len(report.classes) + report.vocabulary == facts.classes
    assert report.problems == ()

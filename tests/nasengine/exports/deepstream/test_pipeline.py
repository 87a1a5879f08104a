"""The pipelines, run with a stand-in for gst-launch-1.0 and read as GStreamer reads them."""

from __future__ import annotations

import pytest

from nasengine.exports.targets.deepstream.pipeline import (
    DETECTOR,
    full_frame_script,
    secondary_script,
)

from ..programs import install, sh

# Elements of DeepStream 9.2 and GStreamer, with the properties that the pipelines set.
ELEMENTS = {
    "uridecodebin": {"uri"},
    "nvstreammux": {"name", "batch-size", "width", "height"},
    "nvinfer": {"config-file-path"},
    "nvtracker": {"ll-lib-file", "ll-config-file", "tracker-width", "tracker-height"},
    "nvvideoconvert": set(),
    "nvdsosd": set(),
    "nveglglessink": set(),
    "nv3dsink": set(),
    "fakesink": set(),
}


@pytest.fixture
def launch(tmp_path):
    """Run a script and return the elements that gst-launch-1.0 got, with their properties."""

    def run(text, *arguments, machine="x86_64", **environment):
        programs = tmp_path / "bin"
        install(programs, "gst-launch-1.0", f'printf "%s\\n" "$@" > {tmp_path}/words')
        install(programs, "uname", f"echo {machine}")
        script = tmp_path / "pipeline.sh"
        script.write_text(text, encoding="utf-8")
        done = sh(script, *arguments, programs=programs, **environment)
        if done.returncode:
            return done
        return parsed((tmp_path / "words").read_text().splitlines())

    return run


def parsed(words):
    """Return (element, properties) in order, as gst-launch-1.0 reads its words."""
    elements = []
    fresh = True
    for word in words:
        if word == "!":
            fresh = True
        elif fresh and word.endswith(("_0", ".")):  # a pad of an element that follows by name
            continue
        elif fresh:
            elements.append((word, {}))
            fresh = False
        else:
            key, _, value = word.partition("=")
            elements[-1][1][key] = value
    return elements


def test_full_frames_go_through_one_inference(launch):
    elements = launch(full_frame_script(), "rtsp://camera/stream")
    assert [name for name, _ in elements] == [
        "uridecodebin",
        "nvstreammux",
        "nvinfer",
        "nvvideoconvert",
        "nvdsosd",
        "nveglglessink",
    ]
    assert elements[0][1] == {"uri": "rtsp://camera/stream"}
    assert elements[2][1] == {"config-file-path": "config_infer_primary.txt"}


def test_objects_are_detected_tracked_and_classified(launch, tmp_path):
    elements = launch(secondary_script(), "film.mp4", "detector.txt")
    names = [name for name, _ in elements]
    assert names[2:5] == ["nvinfer", "nvtracker", "nvinfer"]
    first, second = (values["config-file-path"] for name, values in elements if name == "nvinfer")
    assert first.endswith("/detector.txt") and first.startswith("/")
    assert second == "config_infer_secondary.txt"
    assert elements[0][1]["uri"].startswith("file:///")
    sample = launch(secondary_script(), "film.mp4")
    assert sample[2][1] == {"config-file-path": DETECTOR}


@pytest.mark.parametrize("script", [full_frame_script, secondary_script])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_element_and_property_exists(launch, script, machine):
    for name, values in launch(script(), "film.mp4", machine=machine):
        assert set(values) <= ELEMENTS[name], name


def test_a_jetson_has_another_screen_and_one_may_be_chosen(launch):
    assert launch(full_frame_script(), "film.mp4", machine="aarch64")[-1][0] == "nv3dsink"
    assert launch(full_frame_script(), "film.mp4", SINK="fakesink")[-1][0] == "fakesink"


def test_a_video_is_needed(launch):
    done = launch(full_frame_script())
    assert done.returncode == 2
    assert done.stderr == "give the path or the address of a video\n"

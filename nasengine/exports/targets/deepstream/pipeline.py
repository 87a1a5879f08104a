"""Pipelines for gst-launch-1.0: a video through nvinfer onto the screen."""

from __future__ import annotations

from .nvinfer import PRIMARY, SECONDARY

FULL_FRAME_SCRIPT = "full_frame.sh"
SECONDARY_SCRIPT = "secondary.sh"
SDK = "/opt/nvidia/deepstream/deepstream"
DETECTOR = f"{SDK}/samples/configs/deepstream-app/config_infer_primary.txt"
TRACKER = f"{SDK}/lib/libnvds_nvmultiobjecttracker.so"
TRACKER_CONFIG = f"{SDK}/samples/configs/deepstream-app/config_tracker_NvDCF_perf.yml"

HEAD = """#!/bin/sh
# {about}
#
#   sh {name} VIDEO{arguments}
#
# VIDEO is a path or an address such as rtsp://camera/stream. SINK names the last element:
# nveglglessink (screen of a PC), nv3dsink (screen of a Jetson, chosen there), fakesink (none).
set -eu
if [ $# -lt 1 ]; then
    echo "give the path or the address of a video" >&2
    exit 2
fi
case "$1" in
*://*) uri="$1" ;;
*) uri="file://$(realpath "$1")" ;;
esac
{values}cd "$(dirname "$0")"
if [ -z "${{SINK:-}}" ]; then
    SINK=nveglglessink
    if [ "$(uname -m)" = aarch64 ]; then SINK=nv3dsink; fi
fi
"""
DETECTOR_VALUES = f"""detector="${{2:-{DETECTOR}}}"
detector="$(realpath -m "$detector")"
"""


def full_frame_script() -> str:
    """Return the script that classifies every frame of a video and shows it with the class."""
    head = HEAD.format(
        about="Classify whole frames of a video with DeepStream.",
        name=FULL_FRAME_SCRIPT,
        arguments="",
        values="",
    )
    return head + _launch([f"nvinfer config-file-path={PRIMARY}"])


def secondary_script() -> str:
    """Return the script that detects, tracks and classifies objects, and shows them."""
    head = HEAD.format(
        about="Detect objects in a video with DeepStream, track and classify them.",
        name=SECONDARY_SCRIPT,
        arguments=" [DETECTOR_CONFIG]",
        values=DETECTOR_VALUES,
    )
    tracker = (
        f"nvtracker ll-lib-file={TRACKER} ll-config-file={TRACKER_CONFIG} "
        "tracker-width=640 tracker-height=384"
    )
    steps = [
        'nvinfer config-file-path="$detector"',
        tracker,
        f"nvinfer config-file-path={SECONDARY}",
    ]
    return head + _launch(steps)


def _launch(steps: list[str]) -> str:
    """Return the command: decode, batch, the steps of inference, draw, show."""
    elements = [
        'uridecodebin uri="$uri"',
        "mux.sink_0 nvstreammux name=mux batch-size=1 width=1280 height=720",
        *steps,
        "nvvideoconvert",
        "nvdsosd",
        '"$SINK"',
    ]
    return "gst-launch-1.0 " + " ! \\\n    ".join(elements) + "\n"

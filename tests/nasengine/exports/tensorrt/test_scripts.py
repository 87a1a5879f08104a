"""The build scripts, run with a stand-in for trtexec that prints a version and its arguments."""

from __future__ import annotations

import pytest

from nasengine.exports.targets.tensorrt.scripts import Recipe, build_script

from ..programs import install, sh

# Options that trtexec 11 has no longer, and those that 10 has no longer.
REMOVED_IN_11 = {"--fp16", "--bf16", "--int8", "--fp8", "--int4", "--best", "--calib"}
REMOVED_IN_10 = {"--workspace", "--batch", "--maxBatch", "--minTiming", "--uff", "--output"}
VERSIONS = {10: "v101600", 11: "v110400", 8: "v8603"}


def recipe(**changes):
    values = {
        "precision": "float16",
        "precisions": ("float32", "float16", "int8"),
        "image": (3, 32, 32),
        "batch": 1,
        "workspace_mib": 512,
    }
    return Recipe(**{**values, **changes})


@pytest.fixture
def build(tmp_path):
    """Write the script for a version and run it where trtexec has the same or another one."""

    def run(major, *arguments, found=None, trtexec="trtexec", **changes):
        banner = VERSIONS[found or major]
        text = (
            f'echo "&&&& RUNNING TensorRT.trtexec [TensorRT {banner}] # trtexec"\n'
            f'if [ "$1" != --help ]; then printf "%s\\n" "$@" > {tmp_path}/arguments; fi\n'
        )
        install(tmp_path / "bin", trtexec, text)
        script = tmp_path / f"build_{major}.sh"
        script.write_text(build_script(major, recipe(**changes)), encoding="utf-8")
        return sh(script, *arguments, programs=tmp_path / "bin")

    return run


@pytest.fixture
def arguments(tmp_path):
    return lambda: (tmp_path / "arguments").read_text().split()


EXPECTED = {
    (10, "float32"): ["--onnx=model_fp32.onnx", "--saveEngine=model_float32.engine"],
    (10, "float16"): ["--onnx=model_fp32.onnx", "--saveEngine=model_float16.engine", "--fp16"],
    (10, "int8"): [
        "--onnx=model_int8.onnx",
        "--saveEngine=model_int8.engine",
        "--int8",
        "--fp16",
    ],
    (11, "float32"): ["--onnx=model_fp32.onnx", "--saveEngine=model_float32.engine"],
    (11, "float16"): ["--onnx=model_fp16.onnx", "--saveEngine=model_float16.engine"],
    (11, "int8"): ["--onnx=model_int8.onnx", "--saveEngine=model_int8.engine"],
}


@pytest.mark.parametrize(("major", "precision"), EXPECTED)
def test_the_command_line_of_each_version_and_precision(build, arguments, major, precision):
    done = build(major, precision)
    assert done.returncode == 0, done.stderr
    common = ["--memPoolSize=workspace:512", "--timingCacheFile=timing.cache"]
    assert arguments() == EXPECTED[major, precision] + common
    options = {argument.partition("=")[0] for argument in arguments()}
    assert not options & REMOVED_IN_10
    assert major == 10 or not options & REMOVED_IN_11


def test_without_an_argument_the_exported_precision_is_built(build, arguments):
    assert build(11).returncode == 0
    assert arguments()[0] == "--onnx=model_fp16.onnx"


def test_a_free_batch_has_a_range(build, arguments):
    assert build(10, batch=8).returncode == 0
    assert arguments()[-3:] == [
        "--minShapes=image:1x3x32x32",
        "--optShapes=image:8x3x32x32",
        "--maxShapes=image:8x3x32x32",
    ]


@pytest.mark.parametrize(
    ("major", "found", "message"),
    [
        (10, 11, "TensorRT 11 was found, this script needs 10: build_11.sh is for TensorRT 11"),
        (11, 10, "TensorRT 10 was found, this script needs 11: build_10.sh is for TensorRT 10"),
        (10, 8, "TensorRT 8 was found, this script needs 10"),
    ],
)
def test_another_version_is_refused_before_anything_is_built(
    build, tmp_path, major, found, message
):
    done = build(major, found=found)
    assert done.returncode == 2 and message in done.stderr
    assert not (tmp_path / "arguments").exists()


def test_a_missing_trtexec_and_an_unknown_precision_are_named(build):
    done = build(11, trtexec="another")
    assert done.returncode == 2 and "trtexec was not found: install TensorRT 11" in done.stderr
    done = build(10, "int8", precisions=("float32", "float16"))
    assert done.returncode == 2
    assert done.stderr == "precision must be float32 or float16 (got int8)\n"

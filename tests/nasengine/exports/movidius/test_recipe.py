"""The recipe for Myriad sticks, run with stand-ins for the old Python packages."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from nasengine.exports.targets.movidius.target import CHECK, REQUIREMENTS, SCRIPT, _template

from ..programs import install, sh

VENV = """
if [ "$1" = -c ]; then exec {verdict}; fi
mkdir -p "$3/bin"
for program in pip mo python; do
    printf '#!/bin/sh\\necho %s "$@" >> {log}\\n' "$program" > "$3/bin/$program"
    chmod +x "$3/bin/$program"
done
"""


@pytest.fixture
def convert(tmp_path):
    """Run convert.sh with a Python that only makes an environment of recorders."""
    log = tmp_path / "log"
    script = tmp_path / SCRIPT
    script.write_text(_template(SCRIPT).replace("@SHAPE@", "1,3,32,32"), encoding="utf-8")

    def run(accepts=True):
        verdict = "true" if accepts else "false"  # of the check of Python's version
        text = VENV.replace("{verdict}", verdict).replace("{log}", str(log))
        install(tmp_path / "bin", "python3.10", text)
        done = sh(script, programs=tmp_path / "bin")
        return done, log.read_text().splitlines() if log.exists() else []

    return run


def test_the_old_converter_makes_float16_of_a_fixed_shape(convert):
    done, lines = convert()
    assert done.returncode == 0, done.stderr
    assert lines == [
        "pip install --quiet -r requirements-2022.3.txt",
        "mo --input_model model.onnx --input_shape [1,3,32,32] --compress_to_fp16 "
        "--output_dir ir --model_name model",
        "python check_ir.py ir/model.xml CPU",
    ]


def test_a_newer_python_is_refused(convert):
    done, lines = convert(accepts=False)
    assert done.returncode == 2 and lines == []
    assert "OpenVINO 2022.3 needs Python 3.7 to 3.10" in done.stderr


def test_every_old_package_is_pinned():
    lines = [line for line in _template(REQUIREMENTS).splitlines() if not line.startswith("#")]
    pins = dict(line.split("==") for line in lines)
    assert pins["openvino-dev"] == pins["openvino"] == "2022.3.2"
    assert all(re.fullmatch(r"[\d.]+", version) for version in pins.values())


FAKE = """
import numpy as np

class Compiled:
    def __call__(self, inputs):
        return {"logits": inputs[0].reshape(1, -1)[:, :2] + OFFSET}

class Core:
    available_devices = ["CPU", "MYRIAD.1.2-ma2480"]
    def read_model(self, path):
        return path
    def compile_model(self, model, device, properties):
        assert properties == ({"INFERENCE_PRECISION_HINT": "f32"} if device == "CPU" else {})
        return Compiled()
"""


@pytest.fixture
def check(tmp_path):
    """Run check_ir.py with a stand-in for openvino.runtime, whose outputs are off by a number."""
    package = tmp_path / "packages" / "openvino"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (tmp_path / CHECK.name).write_bytes(CHECK.read_bytes())
    image = np.full((1, 1, 2, 2), 20, np.float32)
    np.savez(
        tmp_path / "sample.npz",
        **{"input.image": image, "output.logits": np.full((1, 2), 20, np.float32)},
    )

    def run(offset, device):
        (package / "runtime.py").write_text(textwrap.dedent(FAKE).replace("OFFSET", str(offset)))
        return subprocess.run(
            [sys.executable, str(tmp_path / CHECK.name), "ir/model.xml", device],
            env={"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_outputs_within_float16_pass_and_others_fail(check):
    good = check(0.1, "MYRIAD")
    assert good.returncode == 0
    assert good.stdout == ("ok  ir/model.xml on MYRIAD: largest difference 0.005, allowed 0.01\n")
    bad = check(0.5, "CPU")
    assert bad.returncode == 1 and bad.stdout.startswith("FAILED  ir/model.xml on CPU")


def test_a_missing_device_is_named_with_those_found(check):
    done = check(0, "HDDL")
    assert done.returncode == 2
    assert done.stderr == "OpenVINO finds no device HDDL; it finds CPU, MYRIAD.1.2-ma2480\n"

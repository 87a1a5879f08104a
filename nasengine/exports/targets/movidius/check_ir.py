"""Run the IR with OpenVINO 2022.3 and compare with the trained network.

    python check_ir.py ir/model.xml MYRIAD

Needs numpy and OpenVINO 2022.3. The wheels of 2022.3 have no plugin for MYRIAD: install the
runtime archive of 2022.3 and source its setupvars.sh first. The exit status is 0 if the outputs
agree.
"""

import sys
from pathlib import Path

import numpy as np
from openvino.runtime import Core

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-2  # float16
# Without it, newer CPUs compute in bfloat16, which has 8 significant bits.
PROPERTIES = {"CPU": {"INFERENCE_PRECISION_HINT": "f32"}}


def main():
    """Compare on the device that the command line names; return the exit status."""
    model, device = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "MYRIAD"
    core = Core()
    if device not in {name.partition(".")[0] for name in core.available_devices}:
        found = ", ".join(core.available_devices)
        print(f"OpenVINO finds no device {device}; it finds {found}", file=sys.stderr)
        return 2
    compiled = core.compile_model(core.read_model(model), device, PROPERTIES.get(device, {}))
    with np.load(HERE / "sample.npz", allow_pickle=False) as sample:
        image, wanted = sample["input.image"], sample["output.logits"]
    found = next(iter(compiled([image]).values()))
    # Float16 rounds every layer, so errors follow the scale of all outputs.
    off = float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max()))
    agrees = off <= TOLERANCE
    word = "ok" if agrees else "FAILED"
    print(f"{word}  {model} on {device}: largest difference {off:.3g}, allowed {TOLERANCE:g}")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())

"""Check archives where nothing but numpy and their runtime is installed.

    python benchmarks/archives.py [--targets onnx,openvino]

Trains a small network, exports it, and for each archive makes a virtual environment, installs
its requirements.txt with pip, and runs verify.py. Prints the output of verify.py; the exit status
is 1 if one fails. Removes everything afterwards.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import nasengine
from nasengine.exports.export import export_all

SMALL = {"cells": 3, "channels": 4, "epochs": 2, "seeds": 1}


def main() -> int:
    """Print the findings of each archive and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--targets", default="onnx,openvino")
    targets = parser.parse_args().targets.split(",")
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nasengine.evaluate("DARTS_V2", protocol="quick", folder=folder / "networks", **SMALL)
        wanted = [(target, {}) for target in targets]
        for exported in export_all(folder / "networks" / "seed-1", wanted, folder / "archives"):
            target = exported.report["target"]
            print(f"== {target}", flush=True)
            bad += verified(exported.archive, folder / target) != 0
    return int(bad > 0)


def verified(archive: Path, folder: Path) -> int:
    """Run verify.py of an archive in an environment of its own and return its exit status."""
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder / "archive")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"]
    subprocess.run([*install, folder / "archive" / "requirements.txt"], check=True)
    command = [python, folder / "archive" / "verify.py"]
    return subprocess.run(command, check=False, env=environment, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Stand-ins for programs of devices, on the PATH of a script under test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def install(folder: Path, name: str, text: str) -> Path:
    """Write a shell script in the place of a program and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
    program.chmod(0o755)
    return program


def sh(
    script: Path, *arguments: str, programs: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a shell script with these programs before those of the system."""
    inherited = dict(os.environ)
    path = f"{programs}{os.pathsep}{inherited['PATH']}"
    return subprocess.run(
        ["sh", str(script), *arguments],
        env={**inherited, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

"""The compiled kernels: built once for each processor type and kept in the user's cache folder.

No installation needs a compiler. Without one (or with NASENGINE_NATIVE=0) `library` returns None,
and the layers use torch's kernels, which compute the same numbers but take longer.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("relu_conv_bn.c")
FLAGS = ("-O3", "-march=native", "-fopenmp", "-fPIC", "-shared")
COMPILERS = ("cc", "gcc", "clang")
BUILD_SECONDS = 120


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled kernels, or None where they cannot be built or are turned off."""
    if os.environ.get("NASENGINE_NATIVE") == "0":
        return None
    try:
        path = built(cache_folder())
        return None if path is None else ctypes.CDLL(str(path))
    except (OSError, subprocess.SubprocessError):
        return None


def built(folder: Path) -> Path | None:
    """Return the library in a folder, built if it is not there yet; None without a compiler.

    Raises:
        OSError: the folder cannot be written.
        subprocess.SubprocessError: the compiler failed.
    """
    compiler = os.environ.get("CC") or next(filter(None, map(shutil.which, COMPILERS)), None)
    path = folder / f"kernels-{_fingerprint()}.so"
    if path.exists() or compiler is None:
        return path if path.exists() else None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(suffix=".so", dir=folder)
    os.close(handle)
    try:
        command = [compiler, *FLAGS, "-o", draft, str(SOURCE), "-lm"]
        subprocess.run(command, check=True, capture_output=True, timeout=BUILD_SECONDS)
        Path(draft).replace(path)  # several processes may build it at the same time
    finally:
        Path(draft).unlink(missing_ok=True)
    return path


def cache_folder() -> Path:
    """Return the folder of compiled kernels below XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nasengine"


def _fingerprint() -> str:
    """Return a name for the source, the flags and the instructions of this processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        processor = platform.processor()
    text = "\n".join([SOURCE.read_text(), *FLAGS, platform.machine(), processor])
    return hashlib.sha256(text.encode()).hexdigest()[:16]

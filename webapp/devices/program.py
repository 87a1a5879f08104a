"""The device agent as one file that Python starts: `python3 agent.pyz`."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from pathlib import Path

import nasengine

PARTS = ("agent", "metering")
START = "import sys\n\nfrom nasengine.agent.__main__ import main\n\nsys.exit(main())\n"
MOMENT = (1980, 1, 1, 0, 0, 0)  # the same bytes for the same version


@lru_cache(maxsize=1)
def agent_program() -> bytes:
    """Return the agent with the modules that it needs, as a zip archive that Python starts."""
    root = Path(nasengine.__file__).parent
    files = [root / "__init__.py"]
    files += sorted(path for part in PARTS for path in (root / part).rglob("*.py"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            name = f"nasengine/{path.relative_to(root).as_posix()}"
            archive.writestr(_entry(name), path.read_bytes())
        archive.writestr(_entry("__main__.py"), START)
    return stream.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
